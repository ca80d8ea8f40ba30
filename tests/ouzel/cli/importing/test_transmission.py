"""Profiles of Transmission."""

import os
from pathlib import Path

import pytest

from ouzel.cli.importing import bencode, transmission
from ouzel.cli.importing.moved_torrent import MovedTorrent, Unusable
from tools.rig import payload
from tools.rig.migration import profiles
from tools.rig.migration.profiles import ADDED_S, Held

FILES = {"": 170_000}


def write(tmp_path: Path) -> Held:
    """A profile with a torrent of six pieces, of which it has half."""
    made = payload.make(tmp_path / "seed", "set", FILES, piece_size=32 * 1024)
    held = Held(made, tmp_path / "downloads", {0, 1, 2}, {4: {0}}, ".part")
    profiles.transmission(tmp_path / "profile", [held])
    return held


def only(tmp_path: Path) -> MovedTorrent:
    """The torrent of the profile."""
    [moved] = transmission.read(tmp_path / "profile")
    assert isinstance(moved, MovedTorrent)
    return moved


def members(moved: MovedTorrent) -> dict[bytes, object]:
    """The resume data."""
    assert moved.resume is not None
    return bencode.decode(moved.resume)


def test_all_of_a_torrent(tmp_path: Path) -> None:
    """In Ouzel's terms."""
    held = write(tmp_path)
    profiles.lay_down(held)
    os.utime(held.place / "set.part", (ADDED_S, ADDED_S))
    moved = only(tmp_path)
    assert moved.metainfo == held.made.metainfo
    assert (moved.name, moved.save_path, moved.progress, moved.paused) == ("set", str(held.place), 0.5, True)
    assert (moved.download_bps, moved.upload_bps) == (4_000_000, 50_000)
    assert (moved.labels, moved.category, moved.priorities) == (["films", "x"], "", {0: 7})
    assert (moved.ratio_goal, moved.seeding_time_goal_s, moved.inactive_time_goal_s) == (1.5, "global", 1200)
    assert moved.added_us == ADDED_S * 1_000_000
    assert moved.notes == ["incomplete files keep their names, which end in .part"]
    assert members(moved)[b"mapped_files"] == [b"set.part"]
    assert members(moved)[b"pieces"] == b"\1\1\1\0\0\0"


def test_a_file_that_was_written_later_is_hashed(tmp_path: Path) -> None:
    """Its pieces are not claimed, nor is any block."""
    held = write(tmp_path)
    profiles.lay_down(held)
    os.utime(held.place / "set.part", (2_000_000_000, 2_000_000_000))
    moved = only(tmp_path)
    assert "1 files were written after its progress was stored, and are hashed" in moved.notes
    assert (members(moved)[b"pieces"], members(moved)[b"unfinished"]) == (bytes(6), [])


def test_files_that_cannot_be_looked_at(tmp_path: Path) -> None:
    """Their names are concluded from the settings; a mapped place is looked at."""
    held = write(tmp_path)
    assert members(only(tmp_path))[b"mapped_files"] == [b"set.part"]
    (tmp_path / "profile/settings.json").write_text('{"rename-partial-files": false}')
    assert b"mapped_files" not in members(only(tmp_path))
    profiles.lay_down(held._replace(place=tmp_path / "mapped"))
    [moved] = transmission.read(tmp_path / "profile", lambda path: str(tmp_path / "mapped"))
    assert isinstance(moved, MovedTorrent)
    assert members(moved)[b"mapped_files"] == [b"set.part"]
    assert moved.save_path == str(held.place)


def test_links_damage_and_no_profile(tmp_path: Path) -> None:
    """One torrent's damage is its own; a torrent without progress is new."""
    held = write(tmp_path)
    folder = tmp_path / "profile/torrents"
    (folder / "a.magnet").write_text(f"{held.made.magnet}\n")
    (folder / "b.torrent").write_bytes(b"d3:not")
    (folder / "c.torrent").write_bytes(held.made.metainfo)
    found = list(transmission.read(tmp_path / "profile"))
    links = [each for each in found if isinstance(each, MovedTorrent)]
    assert [each[0] for each in found if isinstance(each, tuple)] == ["b"]
    assert {each.magnet for each in links} == {held.made.magnet, None}
    assert {each.progress for each in links} == {0.0, 0.5}
    with pytest.raises(Unusable, match="no folder"):
        transmission.read(tmp_path)
