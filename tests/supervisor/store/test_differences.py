import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.durable.durable import commit
from protocol.durable.integrity import crc32_of, decode_record, encode_record
from protocol.durable.resume_dir import ResumeDir
from protocol.wire.desired import DesiredTorrent
from protocol.wire.session.desired_session import DesiredSession
from supervisor.store.differences import Checked, Record, check_metainfo, differences, move_staged, refused_metainfo
from supervisor.store.stored_records import read_all
from tests.supervisor.samples import OTHER, V1, V2, desired


def records(directory: ResumeDir, *names: str) -> list[Record]:
    """Records of torrents, and the session's."""
    session = Record(None, directory.session, DesiredSession(download_bps=5))
    return [*(Record(name, directory.desired(name), desired(name)) for name in names), session]


@given(st.lists(st.sampled_from(["missing", "older", "damaged", "same", "directory"]), min_size=3, max_size=3))
def test_afterwards_the_directory_has_what_memory_has(tmp_path_factory: object, states: list[str]) -> None:
    """Whatever was there; equal files are not written, and a second run does nothing."""
    directory = ResumeDir(tmp_path_factory.mktemp("resume"))  # type: ignore[attr-defined]  # pytest's own fixture
    wanted = records(directory, V1, OTHER)
    for record, state in zip(wanted, states, strict=True):
        match state:
            case "older":
                record.path.write_bytes(encode_record(desired(name="older")))
            case "damaged":
                record.path.write_bytes(b"{")
            case "same":
                record.path.write_bytes(encode_record(record.value))
            case "directory":
                record.path.mkdir()
    changes, mended = differences(directory, wanted, ())
    different = [record for record, state in zip(wanted, states, strict=True) if state != "same"]
    assert [change.path for change in changes] == [record.path for record in different]
    assert [each.torrent for each in mended] == [record.torrent for record in different]
    assert commit([[change] for change in changes]) == [None] * len(changes)
    for record in wanted:
        assert decode_record(record.path.read_bytes(), type(record.value)) == record.value
    assert differences(directory, wanted, ()) == ([], [])


def test_removed_torrents_do_not_come_back(tmp_path: Path) -> None:
    """Their files are put aside; unknown ones are not handled here."""
    directory = ResumeDir(tmp_path)
    directory.make_engine_dir()
    for torrent in (V1, V2):
        directory.desired(torrent).write_bytes(encode_record(desired(torrent)))
        directory.fastresume(torrent).write_bytes(b"resume data")
        directory.old_fastresume(torrent).write_bytes(b"of an older snapshot")
    changes, mended = differences(directory, [], {V1})
    assert changes == []
    assert [each.what for each in mended] == [
        f"{V1}.json is of a removed torrent",
        f"{V1}.fastresume is of a removed torrent",
        f"{V1}.fastresume is of a removed torrent",
    ]
    assert directory.torrents() == [V2]


def test_metainfo_that_is_not_what_was_remembered_is_put_aside(tmp_path: Path) -> None:
    """Other files stay: right ones, those without a checksum, and missing ones."""
    directory, crc32 = ResumeDir(tmp_path), crc32_of(b"metainfo")
    torrents = {
        V1: desired(metainfo_crc32=crc32),
        OTHER: desired(OTHER, metainfo_crc32=crc32),
        V2: desired(V2),
        "d" * 40: desired("d" * 40, metainfo_crc32=crc32),
    }
    for torrent, content in {V1: b"damaged", OTHER: b"metainfo", V2: b"whatever"}.items():
        directory.metainfo(torrent).write_bytes(content)
    [file] = check_metainfo(directory, torrents, list(torrents)).damaged
    assert (file.name, file.torrent, file.orphan) == (f"{V1}.torrent", V1, False)
    assert str(directory.damaged / file.name) in file.done
    assert check_metainfo(directory, torrents, list(torrents)) == Checked([], {})


def test_metainfo_of_a_torrent_that_changes_meanwhile_is_left_alone(tmp_path: Path) -> None:
    """It may be another file by now."""
    directory = ResumeDir(tmp_path)
    directory.metainfo(V1).write_bytes(b"of the torrent that was added again")

    class Changing(dict[str, DesiredTorrent]):
        def get(self, key: str, default: object = None) -> object:  # type: ignore[override]  # it is asked no more
            return self.pop(key, desired(revision=2))

    assert check_metainfo(directory, Changing({V1: desired(metainfo_crc32=1)}), [V1]) == Checked([], {})
    assert directory.metainfo(V1).exists()


def test_metainfo_that_an_engine_refuses_is_put_aside_unless_it_is_right_by_now(tmp_path: Path) -> None:
    """Its checksum decides; without one, the engine's report does."""
    directory, crc32 = ResumeDir(tmp_path), crc32_of(b"metainfo")
    torrents = {V1: desired(metainfo_crc32=crc32), OTHER: desired(OTHER)}
    for torrent in (V1, OTHER, V2):
        directory.metainfo(torrent).write_bytes(b"metainfo")
    assert refused_metainfo(directory, torrents, V1, "flipped") is None
    assert refused_metainfo(directory, torrents, V2, "of nobody") is None
    file = refused_metainfo(directory, torrents, OTHER, "of another torrent")
    assert file is not None
    assert (file.name, file.torrent) == (f"{OTHER}.torrent", OTHER)
    assert "of another torrent" in file.what
    assert refused_metainfo(directory, torrents, OTHER, "again") is None
    directory.metainfo(V1).write_bytes(b"damaged")
    assert refused_metainfo(directory, torrents, V1, "flipped") is not None
    assert sorted(path.name for path in directory.damaged.iterdir()) == sorted([f"{V1}.torrent", f"{OTHER}.torrent"])


def test_what_an_engine_put_aside_is_moved_to_the_other_damaged_files(tmp_path: Path) -> None:
    """The report has its new path; if the move fails, its old one."""
    directory = ResumeDir(tmp_path)
    directory.make_engine_dir()
    path = directory.fastresume(V1)
    path.write_bytes(b"damaged")
    staged = directory.stage(path)
    done = f"put aside as {staged}; the files are hashed"
    assert (
        move_staged(directory, done, staged.name)
        == f"put aside as {directory.damaged / path.name}; the files are hashed"
    )
    assert (directory.damaged / path.name).read_bytes() == b"damaged"
    assert move_staged(directory, done, staged.name) == done


@pytest.mark.parametrize("name", ["", ".", "..", "../session.json", "{root}/session.json"])
def test_an_engine_that_lies_about_names_has_nothing_else_moved(tmp_path: Path, name: str) -> None:
    """A fault in native code can make it send anything."""
    directory = ResumeDir(tmp_path)
    directory.make_engine_dir()
    directory.staged.mkdir()
    directory.session.write_bytes(b"{}")
    assert move_staged(directory, "done", name.format(root=tmp_path)) == "done"
    assert directory.session.read_bytes() == b"{}"
    assert directory.staged.is_dir()


def test_a_link_that_an_engine_made_is_not_followed(tmp_path: Path) -> None:
    """Neither at runtime nor at the next start, which puts the link itself aside."""
    directory, elsewhere = ResumeDir(tmp_path / "resume"), tmp_path / "elsewhere"
    directory.root.mkdir()
    directory.make_engine_dir()
    elsewhere.mkdir()
    (elsewhere / "precious").write_bytes(b"x")
    directory.staged.symlink_to(elsewhere)
    assert move_staged(directory, "done", "precious") == "done"
    read_all(directory)
    assert [path.name for path in elsewhere.iterdir()] == ["precious"]
    assert not os.path.lexists(directory.staged)
