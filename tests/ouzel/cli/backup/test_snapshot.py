"""Reading a resume directory while it changes."""

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ouzel.cli.backup import snapshot
from ouzel.cli.backup.snapshot import LeftOut, Snapshot
from protocol.durable.integrity import crc32_of, encode_record, read, read_dated, seal
from protocol.durable.resume_dir import ResumeDir
from protocol.wire.desired import DesiredTorrent
from protocol.wire.session.desired_session import DesiredSession

A = "a" * 40


@pytest.fixture
def directory(tmp_path: Path) -> ResumeDir:
    """A resume directory with one torrent."""
    found = ResumeDir(tmp_path)
    found.lock.touch()
    found.fastresume_dir.mkdir()
    put(found, revision=1)
    found.metainfo(A).write_bytes(b"metainfo")
    found.fastresume(A).write_bytes(seal(b"de"))
    return found


def record(**more: Any) -> DesiredTorrent:
    """A record of the torrent."""
    return msgspec.structs.replace(
        DesiredTorrent(torrent=A, source="metainfo", save_path="/d", metainfo_crc32=crc32_of(b"metainfo")), **more
    )


def put(directory: ResumeDir, **more: Any) -> None:
    """Replaces the record as the daemon does."""
    new = directory.root / "new.tmp"
    new.write_bytes(encode_record(record(**more)))
    new.replace(directory.desired(A))


def test_a_record_that_changes_meanwhile_is_read_again(directory: ResumeDir, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fast-resume data is never newer than the record in the backup."""
    revisions = [2, 3]

    def changing(path: Path) -> tuple[bytes, float]:
        if revisions:
            put(directory, revision=revisions.pop(0))
        return read_dated(path)

    monkeypatch.setattr(snapshot, "read_dated", changing)
    found = Snapshot(directory).torrent(A)
    assert found is not None
    assert (found.desired.revision, found.resume, found.metainfo) == (3, b"de", b"metainfo")


def test_a_file_that_another_record_overwrites_is_read_again(
    directory: ResumeDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The supervisor reuses replaced files."""
    torn = [directory.desired(A).read_bytes()[:-9], encode_record(record(torrent="b" * 40))]
    monkeypatch.setattr(snapshot, "read", lambda path: torn.pop() if torn else read(path))
    found = Snapshot(directory).torrent(A)
    assert found is not None
    assert found.desired.torrent == A


def test_removed_torrents_are_not_in_it(directory: ResumeDir, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither torrents that are being removed, nor those that vanish meanwhile."""
    put(directory, removal="delete_files")
    assert Snapshot(directory).torrent(A) is None
    put(directory)

    def remove(_: Path) -> bytes:
        directory.desired(A).unlink(missing_ok=True)
        raise FileNotFoundError

    monkeypatch.setattr(snapshot, "read_dated", remove)
    assert Snapshot(directory).torrent(A) is None


@pytest.mark.parametrize("kind", ["record", "fastresume", "metainfo", "no metainfo"])
def test_damaged_files_are_named(directory: ResumeDir, kind: str) -> None:
    """They are left out, because a restore could not use them."""
    match kind:
        case "record":
            directory.desired(A).write_text('{"checksum": "0"}')
        case "fastresume":
            directory.fastresume(A).write_bytes(b"de")
        case "metainfo":
            directory.metainfo(A).write_bytes(b"other")
        case _:
            directory.metainfo(A).unlink()
    with pytest.raises(LeftOut, match=A):
        Snapshot(directory).torrent(A)


def test_a_torrent_that_a_listing_misses_is_found(directory: ResumeDir, monkeypatch: pytest.MonkeyPatch) -> None:
    """A listing may miss a file that is replaced at that moment."""
    listed = [[A], []]
    monkeypatch.setattr(directory, "torrents", lambda: listed.pop() if listed else [A])
    assert list(Snapshot(directory).torrents()) == []
    listed = [[A, "b" * 40], [A]]
    assert list(Snapshot(directory).torrents()) == [A, "b" * 40]


def test_the_other_files(directory: ResumeDir) -> None:
    """Neither locks, temporary files, orphans, nor damaged files."""
    directory.totals_dir.mkdir()
    for name in ("ip_filter", "format", ".probe", "x.tmp", f"{'c' * 40}.torrent", "totals/totals.json"):
        (directory.root / name).write_text(name)
    directory.session.write_bytes(encode_record(DesiredSession()))
    directory.dht.write_bytes(b"dht")
    directory.damaged.mkdir()
    others = dict(Snapshot(directory).others())
    assert set(others) == {"session.json", "ip_filter", "format", "totals/totals.json", "fastresume/dht"}


def test_one_damaged_file_does_not_keep_out_the_others(directory: ResumeDir) -> None:
    """A restore would refuse these files. A name may also be no text."""
    (directory.root / "ip_filter").write_text("x")
    directory.session.write_text('{"checksum": "0"}')
    directory.format.write_text("[" * 4000)
    (directory.root / "a\nb").touch()
    (directory.root / os.fsdecode(b"\xff")).touch()
    others = dict(Snapshot(directory).others())
    assert others.pop("ip_filter") == b"x"
    assert len(others) == 4
    assert all(isinstance(each, LeftOut) for each in others.values())


def test_a_torrent_that_is_added_meanwhile_is_no_other_file(
    directory: ResumeDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its record without its .torrent file would be no torrent."""
    monkeypatch.setattr(directory, "torrents", list)
    assert list(Snapshot(directory).others()) == []
