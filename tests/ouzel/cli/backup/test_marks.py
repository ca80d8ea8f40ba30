"""Payload marks: which files are as they were."""

import os
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ouzel.cli.backup import marks
from ouzel.cli.backup.marks import Disks, PayloadMarks, Question, _Asker
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


def marked(files: TorrentFiles) -> PayloadMarks | None:
    """The marks of a torrent."""
    [found] = marks.of([files], Disks())
    return found


def doubts(found: PayloadMarks | None, root: Path) -> list[int]:
    """The doubted files."""
    [now] = Disks().marks([marks.question(found, str(root), "/")])
    return marks.doubts(found, now)


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
    found = marked(torrent(root, {b"name": b"set", b"files": FILES}))
    change(root)
    assert doubts(found, root) == expected


def test_renamed_files_are_followed(root: Path) -> None:
    """Their names are in the resume data."""
    (root / "set/x").rename(root / "z")
    found = marked(torrent(root, {b"name": b"set", b"files": FILES}, {b"mapped_files": [b"z"]}))
    assert doubts(found, root) == []


def test_a_file_that_was_not_there_is_doubted(root: Path) -> None:
    """libtorrent may store it under another name."""
    found = marked(torrent(root, {b"name": b"a:b", b"length": 5}))
    assert found is not None
    assert doubts(found, root) == [0]


def test_if_indices_are_not_certain_all_files_are_doubted(root: Path) -> None:
    """libtorrent adds padding to torrents of version 2."""
    tree = {b"x": {b"": {b"length": 5}}, b"sub": {b"y": {b"": {b"length": 5}}}}
    found = marked(torrent(root, {b"name": b"set", b"file tree": tree}))
    assert doubts(found, root) == []
    _grow(root)
    assert doubts(found, root) == [ALL]


def test_without_marks_all_files_are_doubted(root: Path) -> None:
    """The backup may have been made while the disk was away, or of a damaged torrent."""
    assert doubts(None, root) == [ALL]
    assert marked(torrent(root, {})) is None
    assert marked(torrent(root, {b"name": b"a\0b", b"length": 1})) is None


def test_a_folder_is_no_file(root: Path) -> None:
    """A torrent of version 2 may have one file in a folder. The folder does not change with the file."""
    found = marked(torrent(root, {b"name": b"set", b"file tree": {b"x": {b"": {b"length": 5}}}}))
    assert found is not None
    assert [each.path for each in found.files] == ["set/x"]
    assert doubts(found, root) == []
    _grow(root)
    assert doubts(found, root) == [ALL]
    found = marked(torrent(root, {b"name": b"set", b"length": 5}))
    assert doubts(found, root) == [0]


@pytest.mark.parametrize(
    "files",
    [
        [{b"path": [b"x"], b"length": 5}, {b"path": [b"x"], b"length": 5}],
        [{b"path": [b"sub/y"], b"length": 5}],
        [{b"path": [b"..", b"set", b"x"], b"length": 5}],
        [{b"path": [b""], b"length": 5}],
    ],
)
def test_files_that_have_other_names_on_disk_are_doubted(root: Path, files: list[Any]) -> None:
    """libtorrent replaces such names. So a mark would be about another file."""
    assert marked(torrent(root, {b"name": b"set", b"files": files})) is None


def test_a_hung_disk_is_asked_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another disk still answers."""
    monkeypatch.setattr(marks, "PATIENCE_S", 0.01)
    disks, released = Disks(), threading.Event()
    mark = marks._mark
    monkeypatch.setattr(marks, "_mark", lambda path: mark(path) if path == "/hung/w" else released.wait() and None)
    hung = [Question("/hung", ["/hung/w"]), Question("/hung", ["/hung/x"])]
    assert disks.marks(hung)[1] is None
    monkeypatch.setattr(marks, "_mark", mark)
    monkeypatch.setattr(marks, "PATIENCE_S", 60.0)
    assert disks.marks([*hung, Question("/", [str(root / "none"), "/"])]) == [None, None, [None, None]]
    released.set()


def test_a_slow_disk_has_time() -> None:
    """It counts as hung only if not even one file could be examined in time."""
    asker, timeouts = _Asker(), 3

    class Slow:
        def get(self, timeout: float) -> None:
            nonlocal timeouts
            if timeouts:
                timeouts -= 1
                asker._examined += 1
                raise queue.Empty
            answered.get()

        def put(self, answer: None) -> None:
            answered.put(answer)

    answered: queue.SimpleQueue[None] = queue.SimpleQueue()
    asker._answered = Slow()  # type: ignore[assignment]
    assert asker.ask([["/x"]]) == [[None]]
    assert timeouts == 0
