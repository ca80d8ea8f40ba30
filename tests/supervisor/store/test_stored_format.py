"""Directories of all earlier formats are loaded without a loss. Those of newer formats are left alone.

`earlier_formats` has a resume directory for each format that a version has written. Each was written by a daemon of
that version: with a seeding torrent, a magnet link, and changes of both and of the session.
"""

import hashlib
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from protocol.durable import format_version
from protocol.durable.format_version import FORMAT, DirectoryFormat, NewerFormat, read_format
from protocol.durable.integrity import encode_record
from protocol.durable.resume_dir import ResumeDir
from supervisor.store.catalogue import Catalogue
from supervisor.store.differences import check_metainfo
from supervisor.store.stored_format import write_format
from supervisor.store.stored_records import Stored, Unreadable, read_all
from supervisor.totals import totals_store
from tests.supervisor.samples import V1, desired

EARLIER: Final = sorted((Path(__file__).parent / "earlier_formats").glob("*.zip"))
MAGNET: Final = hashlib.sha1(b"magnet", usedforsecurity=False).hexdigest()


def test_all_earlier_formats_are_here() -> None:
    """From the first version to the last one without a number."""
    assert [file.stem[:2] for file in EARLIER] == [f"{number:02d}" for number in range(1, 19)]


@pytest.mark.parametrize("file", EARLIER, ids=lambda file: file.stem)
def test_an_earlier_format_is_loaded_without_a_loss(tmp_path: Path, file: Path) -> None:
    """Every member of every record has its value. No file is put aside, and resume data stays as it is."""
    tmp_path.chmod(0o700)
    with zipfile.ZipFile(file) as archive:
        archive.extractall(tmp_path)
    before = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    directory = ResumeDir(tmp_path)
    stored = read_all(directory)
    assert (stored.damaged, stored.unreadable, stored.not_moved) == ([], [], [])
    records = {each.torrent: each for each in stored.torrents}
    assert len(records) == 2
    for torrent, record in records.items():
        assert_kept(before[Path(f"{torrent}.json")], record)
    assert_kept(before[Path("session.json")], stored.session)
    assert (records.pop(MAGNET).paused, stored.session.upload_bps) == (True, 111_000)
    [seeded] = records.values()
    assert (seeded.paused, seeded.upload_bps, seeded.save_path) == (True, 5_000, "/srv/torrents")
    found = check_metainfo(directory, {seeded.torrent: seeded}, [seeded.torrent])
    assert (found.damaged, found.unreadable) == ([], {})
    resumes = {path.name: content for path, content in before.items() if path.suffix == ".fastresume"}
    assert {path.name: path.read_bytes() for path in directory.fastresume_dir.glob("*.fastresume")} == resumes
    assert f"{seeded.torrent}.fastresume" in resumes
    totals = totals_store.read_all(directory)
    assert (totals.damaged, totals.unread) == ([], set())
    assert (totals.session is not None) == (Path("totals/totals.json") in before)
    assert_written_again(stored, directory)


def assert_kept(content: bytes, record: msgspec.Struct) -> None:
    """Every member in the file has the same value in the record. The record may have further members."""
    members = msgspec.json.decode(content)
    members.pop("checksum", None)
    assert_part_of(members, plain(record))


def assert_part_of(old: Any, new: Any) -> None:
    """All members of `old` have the same values in `new`."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name, value in old.items():
            assert_part_of(value, new[name])
    else:
        assert old == new


def plain(value: Any) -> Any:
    """A record with all of its members, also those with default values, as JSON has them."""
    if isinstance(value, msgspec.Struct):
        return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, dict):
        return {str(name): plain(each) for name, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, (list, tuple)) else msgspec.to_builtins(value)


def assert_written_again(stored: Stored, directory: ResumeDir) -> None:
    """This version reads what it writes, and marks the directory with its format."""
    for record in stored.torrents:
        directory.desired(record.torrent).write_bytes(encode_record(record))
    write_format(directory)
    found = read_format(directory.format)
    assert found is not None
    assert found.format == FORMAT
    again = read_all(directory)
    assert {each.torrent: each for each in again.torrents} == {each.torrent: each for each in stored.torrents}
    assert again.damaged == []


def test_the_format_is_written_once(tmp_path: Path) -> None:
    """It is written again only for another version."""
    directory = ResumeDir(tmp_path)
    write_format(directory)
    inode = directory.format.stat().st_ino
    write_format(directory)
    assert directory.format.stat().st_ino == inode
    directory.format.write_bytes(encode_record(DirectoryFormat(format=FORMAT, written_by="0")))
    write_format(directory)
    assert read_format(directory.format) == DirectoryFormat(format=FORMAT, written_by=metadata.version("ouzel"))


def test_a_directory_of_a_newer_format_is_not_touched(tmp_path: Path) -> None:
    """No torrent is loaded, every change is refused, and the reason names both formats."""
    directory = ResumeDir(tmp_path)
    directory.desired(V1).write_bytes(encode_record(desired()))
    directory.fastresume(V1).parent.mkdir(mode=0o700)
    directory.old_fastresume(V1).write_bytes(b"x")
    directory.format.write_bytes(encode_record(DirectoryFormat(format=FORMAT + 1, written_by="9.9")))
    before = {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("*")}
    catalogue = Catalogue(directory)
    try:
        assert catalogue.load() == []
        assert (catalogue.torrents, catalogue.unlisted is not None) == ({}, True)
        assert f"format {FORMAT + 1}" in str(catalogue.unlisted)
        with pytest.raises(NewerFormat):
            write_format(directory)
    finally:
        catalogue.close()
    assert {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("*")} == before


def test_a_single_record_of_a_newer_format_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may come from a backup. It is neither put aside nor overwritten, and its torrent is reported."""
    directory = ResumeDir(tmp_path)
    monkeypatch.setattr(format_version, "FORMAT", FORMAT + 1)
    directory.desired(V1).write_bytes(encode_record(desired()))
    monkeypatch.undo()
    before = directory.desired(V1).read_bytes()
    stored = read_all(directory)
    [unreadable] = stored.unreadable
    assert isinstance(unreadable, Unreadable)
    assert (unreadable.torrent, f"format {FORMAT + 1}" in unreadable.problem) == (V1, True)
    assert (stored.torrents, stored.damaged, directory.desired(V1).read_bytes()) == ([], [], before)
