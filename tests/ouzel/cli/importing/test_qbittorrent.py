"""Profiles of qBittorrent."""

from pathlib import Path

import pytest

from ouzel.cli.importing import bencode, qbittorrent
from ouzel.cli.importing.moved_torrent import MovedTorrent, Unusable
from tools.rig import payload
from tools.rig.migration import profiles
from tools.rig.migration.profiles import ADDED_S, Held

FILES = {"a": 100_000, "b": 70_000}


def held(tmp_path: Path) -> Held:
    """A torrent of six pieces, of which it has half."""
    made = payload.make(tmp_path / "seed", "set", FILES, piece_size=32 * 1024)
    return Held(made, Path("/downloads"), {0, 1, 2}, {4: {0}}, ".!qB")


@pytest.mark.parametrize("database", [False, True])
def test_all_of_a_torrent(tmp_path: Path, database: bool) -> None:
    """Both forms of a profile say the same."""
    there = held(tmp_path)
    profiles.qbittorrent(tmp_path, [there], database=database)
    [moved] = qbittorrent.read(tmp_path)
    assert isinstance(moved, MovedTorrent)
    assert moved.metainfo == there.made.metainfo
    assert (moved.name, moved.save_path, moved.progress, moved.paused) == ("set", "/downloads", 0.5, True)
    assert (moved.download_bps, moved.upload_bps) == (4_000_000, 50_000)
    assert (moved.labels, moved.category, moved.priorities) == (["x", "y"], "films", {0: 6})
    assert (moved.ratio_goal, moved.seeding_time_goal_s, moved.inactive_time_goal_s) == (1.5, 3600, "global")
    assert moved.added_us == ADDED_S * 1_000_000
    assert moved.notes == ["incomplete files keep their names, which end in .!qB"]
    assert qbittorrent.categories(tmp_path / "qBittorrent/data") == {"films": "/films"}


def test_where_a_profile_may_be(tmp_path: Path) -> None:
    """The folder itself, or what it is in."""
    profiles.qbittorrent(tmp_path, [held(tmp_path)])
    data = tmp_path / "qBittorrent/data"
    for directory in (tmp_path, tmp_path / "qBittorrent", data, data / "BT_backup"):
        assert len(list(qbittorrent.read(directory))) == 1
        assert qbittorrent.categories(directory) == {"films": "/films"}
    for directory in (tmp_path / "seed", tmp_path / "absent"):
        with pytest.raises(Unusable, match="has neither"):
            qbittorrent.read(directory)


def test_a_link_without_metadata(tmp_path: Path) -> None:
    """It becomes a magnet link with its trackers; settings without a value have qBittorrent's meaning."""
    resume: dict[bytes, bencode.Bencoded] = {
        b"info-hash": b"\xab" * 20,
        b"info-hash2": bytes(32),
        b"name": "ü".encode(),
        b"trackers": [[b"http://t/a?b&c"]],
        b"url-list": [b"http://w/"],
        b"qBt-savePath": b"/d",
        b"qBt-ratioLimit": -1000,
        b"auto_managed": 1,
        b"paused": 1,
    }
    (tmp_path / "x.fastresume").write_bytes(bencode.encode(resume))
    [moved] = qbittorrent.read(tmp_path)
    assert isinstance(moved, MovedTorrent)
    link = f"magnet:?xt=urn:btih:{'ab' * 20}&dn=%C3%BC&tr=http%3A%2F%2Ft%2Fa%3Fb%26c&ws=http%3A%2F%2Fw%2F"
    assert (moved.magnet, moved.metainfo, moved.resume) == (link, None, None)
    assert (moved.paused, moved.ratio_goal, moved.save_path) == (False, "none", "/d")


def test_damage_is_of_one_torrent(tmp_path: Path) -> None:
    """And has its name."""
    for name, content in (("a", b"d3:not"), ("b", b"de"), ("c", b"d9:info-hash20:" + b"\xab" * 20 + b"e")):
        (tmp_path / f"{name}.fastresume").write_bytes(content)
    found = list(qbittorrent.read(tmp_path))
    assert [each[0] for each in found if isinstance(each, tuple)] == ["a", "b"]
    assert isinstance(found[2], MovedTorrent)
    (tmp_path / "torrents.db").write_bytes(b"no database")
    with pytest.raises(Unusable, match=r"torrents\.db"):
        list(qbittorrent.read(tmp_path))
