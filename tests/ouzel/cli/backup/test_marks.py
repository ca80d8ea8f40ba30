"""Payload marks: which files are as they were."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ouzel.cli.backup import marks
from ouzel.cli.backup.marks import Disks, PayloadMarks
from ouzel.cli.backup.snapshot import TorrentFiles
from ouzel.cli.importing import bencode
from protocol.durable.doubted import ALL
from protocol.wire.desired import DesiredTorrent

SECOND = 1_000_000_000
FILES: list[Any] = [
    {b"path": [b"x"], b"length": 5},
    {b"path": [b".pad", b"3"], b"length": 3, b"attr": b"p"},
    {b"path": [b"sub", b"y"], b"length": 6},
]


def torrent(root: Path, info: dict[bytes, Any], resume: dict[bytes, Any] | None = None) -> TorrentFiles:
    """The files of a torrent below `root`."""
    desired = DesiredTorrent(torrent="a" * 40, source="metainfo", save_path=str(root))
    return TorrentFiles(
        torrent=desired.torrent,
        record=b"",
        desired=desired,
        metainfo=bencode.encode({b"info": info}),
        resume=bencode.encode(resume or {}),
        resume_file=b"",
        saved_at=0,
    )


def doubts(found: PayloadMarks | None, root: Path) -> list[int]:
    """The doubted files."""
    return marks.doubts(found, str(root), "/", Disks())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A directory with the files of a torrent."""
    (tmp_path / "set/sub").mkdir(parents=True)
    for path in ("set/x", "set/sub/y"):
        (tmp_path / path).write_text("12345")
        os.utime(tmp_path / path, ns=(7 * SECOND + 5, 7 * SECOND + 5))
    return tmp_path


def _truncate_time(root: Path) -> None:
    os.utime(root / "set/x", ns=(7 * SECOND, 7 * SECOND))


def _older(root: Path) -> None:
    os.utime(root / "set/x", ns=(6 * SECOND, 6 * SECOND))


def _grow(root: Path) -> None:
    (root / "set/x").write_text("123456")
    os.utime(root / "set/x", ns=(7 * SECOND + 5, 7 * SECOND + 5))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda root: None, []),
        (_truncate_time, []),
        (_older, [0]),
        (_grow, [0]),
        (lambda root: (root / "set/sub/y").unlink(), [2]),
        (lambda root: (root / "set").rename(root / "other"), [0, 2]),
    ],
)
def test_changed_files_are_doubted(root: Path, change: Callable[[Path], object], expected: list[int]) -> None:
    """Padding never is."""
    found = marks.of(torrent(root, {b"name": b"set", b"files": FILES}), Disks())
    change(root)
    assert doubts(found, root) == expected


def test_renamed_files_are_followed(root: Path) -> None:
    """Their names are in the resume data."""
    (root / "set/x").rename(root / "z")
    found = marks.of(torrent(root, {b"name": b"set", b"files": FILES}, {b"mapped_files": [b"z"]}), Disks())
    assert doubts(found, root) == []


def test_a_file_that_was_not_there_is_doubted(root: Path) -> None:
    """libtorrent may store it under another name."""
    found = marks.of(torrent(root, {b"name": b"a:b", b"length": 5}), Disks())
    assert found is not None
    assert doubts(found, root) == [0]


def test_if_indices_are_not_certain_all_files_are_doubted(root: Path) -> None:
    """libtorrent adds padding to torrents of version 2."""
    tree = {b"x": {b"": {b"length": 5}}, b"sub": {b"y": {b"": {b"length": 5}}}}
    found = marks.of(torrent(root, {b"name": b"set", b"file tree": tree}), Disks())
    assert doubts(found, root) == []
    _grow(root)
    assert doubts(found, root) == [ALL]


def test_without_marks_all_files_are_doubted(root: Path) -> None:
    """The backup may have been made while the disk was away, or of a damaged torrent."""
    assert doubts(None, root) == [ALL]
    assert marks.of(torrent(root, {}), Disks()) is None
    assert marks.of(torrent(root, {b"name": b"a\0b", b"length": 1}), Disks()) is None


def test_a_hung_disk_is_asked_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another disk still answers."""
    monkeypatch.setattr(marks, "PATIENCE_S", 0.01)
    disks, released = Disks(), threading.Event()
    mark = marks._mark
    monkeypatch.setattr(marks, "_mark", lambda path: released.wait() and None)
    assert disks.mark("/hung", ["/hung/x"]) is None
    monkeypatch.setattr(marks, "_mark", mark)
    monkeypatch.setattr(marks, "PATIENCE_S", 60.0)
    assert disks.mark("/hung", ["/hung/x"]) is None
    assert disks.mark("/", [str(root / "none")]) == [None]
    released.set()
