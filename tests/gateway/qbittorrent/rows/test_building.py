"""Rows."""

from math import inf, nan
from typing import Any

import msgspec
import pytest

from gateway.mirror.torrent import Facts
from gateway.qbittorrent.rows.building import clock_of, row_of
from gateway.qbittorrent.rows.extras import Extras
from gateway.qbittorrent.rows.row import CLOCK, FIELDS, Row
from protocol.wire.desired import TorrentOptions
from protocol.wire.goals import GoalsReport
from protocol.wire.rows import Hindrance, HindranceCause, Moving, TorrentState
from tests.gateway.qbittorrent.made import NOW_US, torrent

INTEGERS = [field.name for field in msgspec.structs.fields(Row) if field.type is int]


def encoded(made: Any) -> dict[str, Any]:
    """The row as a client reads it."""
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(row_of(made)))
    return found


def test_a_row_has_all_fields_of_5_1_4_but_the_hash() -> None:
    """Which is a key in one answer, and a field in the other."""
    assert len(FIELDS) == 56
    assert set(CLOCK) < set(FIELDS)


def test_100_0_never_for_an_integer() -> None:
    """Whatever the daemon sends."""
    made = torrent(bytes_done=100.0, bytes_total=100.0, seeds=3.0, uploaded=7e18, peers=5.0, downloaded=100.0)
    text = msgspec.json.encode(row_of(made)).decode()
    assert ".0" not in text
    found = encoded(made)
    assert all(type(found[name]) is int for name in INTEGERS)


@pytest.mark.parametrize("value", [nan, inf, -inf, -5, 2**70, 1e300])
def test_numbers_out_of_range_are_clamped(value: float) -> None:
    """Also what is no number."""
    made = torrent(
        bytes_done=value, bytes_total=value, size=value, ratio=value, progress=value, eta_s=value, upload_bps=value
    )
    found = encoded(made) | dict(clock_of(made, NOW_US))
    assert 0 <= found["progress"] <= 1
    assert all(-2 <= found[name] <= 2**53 for name in ("size", "total_size", "completed", "ratio", "amount_left"))
    assert 0 <= found["upspeed"] < 2**31
    assert 0 <= found["eta"] <= 8_640_000


def test_content_path_comes_from_the_file_list() -> None:
    """Never from the name."""
    folder = row_of(torrent(name="anything", content="on disk"))
    assert (folder.content_path, folder.root_path) == ("/data/on disk", "/data/on disk")
    file = row_of(torrent(1, Facts(files=1, pieces=1), name="anything", content="a.mkv"))
    assert (file.content_path, file.root_path) == ("/data/a.mkv", "")
    nested = row_of(torrent(1, Facts(files=1, pieces=1), content="folder/a.mkv"))
    assert (nested.content_path, nested.root_path) == ("/data/folder/a.mkv", "/data/folder")
    rootless = row_of(torrent(content=""))
    assert (rootless.content_path, rootless.root_path) == ("/data", "")
    absolute = row_of(torrent(1, Facts(files=1, pieces=1), content="/else/a.mkv"))
    assert (absolute.content_path, absolute.root_path) == ("/else/a.mkv", "")


def test_a_new_torrent_has_everything_left() -> None:
    """Before an engine has reported it, a torrent counts as downloaded as a whole."""
    made = row_of(torrent(state=TorrentState.QUEUED, size=1000, bytes_total=0, bytes_done=0, progress=0.0))
    assert (made.size, made.amount_left, made.progress, made.state) == (1000, 1000, 0, "queuedDL")


def test_without_metadata() -> None:
    """There are no paths, no size and no word on privacy."""
    made = row_of(torrent(1, Facts(), size=0, bytes_total=0, content=None, state=TorrentState.FETCHING_METADATA))
    assert (made.content_path, made.root_path, made.total_size, made.private, made.has_metadata) == (
        "",
        "",
        -1,
        None,
        False,
    )
    assert made.state == "metaDL"


def test_eta_8640000_is_unknown() -> None:
    """Also while nothing is left to wait for."""

    def eta(**members: Any) -> float:
        return clock_of(torrent(**members), NOW_US)["eta"]

    unfinished = {"state": TorrentState.DOWNLOADING, "bytes_done": 1, "progress": 0.1}
    assert eta(**unfinished) == eta() == eta(state=TorrentState.PAUSED, paused=True) == 8_640_000
    assert eta(**unfinished, eta_s=77) == 77
    assert eta(**unfinished, eta_s=10**12) == 8_640_000


def test_eta_of_a_complete_torrent_is_that_of_its_next_goal() -> None:
    """It goes down with the time."""
    goals = GoalsReport(ratio=1.0, seeding_time_s=600, inactive_time_s=None, action="pause")
    made = torrent(goals=goals, seeding_s=500, upload_bps=10, uploaded=500, downloaded=1000)
    assert clock_of(made, NOW_US)["eta"] == 50
    assert clock_of(made, NOW_US + 60_000_000)["eta"] == 40
    assert clock_of(made, NOW_US + 119_000_000)["eta"] == 0


def test_limits_are_minutes_and_minus_1_and_minus_2() -> None:
    """-1 is no limit, and -2 is the global one."""
    options = TorrentOptions(ratio_goal=1.5, seeding_time_goal_s=90, inactive_time_goal_s=None)
    made = row_of(torrent(1, Facts(options=options)))
    assert (made.ratio_limit, made.seeding_time_limit, made.inactive_seeding_time_limit) == (1.5, 2, -1)
    own = row_of(torrent())
    assert (own.ratio_limit, own.seeding_time_limit, own.inactive_seeding_time_limit) == (-2, -2, -2)
    assert (own.max_ratio, own.max_seeding_time, own.max_inactive_seeding_time) == (-1, -1, -1)
    goals = GoalsReport(ratio=2.0, seeding_time_s=120, inactive_time_s=60, action="pause")
    made = row_of(torrent(goals=goals))
    assert (made.max_ratio, made.max_seeding_time, made.max_inactive_seeding_time) == (2, 2, 1)


def test_an_infinite_ratio_is_minus_1() -> None:
    """Nothing uploaded and nothing downloaded is 0."""
    assert row_of(torrent(ratio=None, uploaded=5)).ratio == -1
    assert row_of(torrent(ratio=None, uploaded=0)).ratio == 0


def test_tags_are_joined_and_extras_are_shown() -> None:
    """Tags are sorted."""
    made = row_of(torrent(labels=["b", "a c"]), Extras(auto_tmm=True, download_path="/tmp/x"))
    assert (made.tags, made.auto_tmm, made.download_path) == ("a c, b", True, "/tmp/x")


FULL = Hindrance(cause=HindranceCause.DISK, message="the disk is full")


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("stalledUP", {}),
        ("uploading", {"upload_bps": 5}),
        ("stalledUP", {"state": TorrentState.FINISHED}),
        ("stoppedUP", {"state": TorrentState.PAUSED, "paused": True}),
        ("stoppedDL", {"state": TorrentState.PAUSED, "paused": True, "bytes_done": 0}),
        ("stoppedDL", {"state": TorrentState.DOWNLOADING, "paused": True, "bytes_done": 0}),
        ("stoppedDL", {"state": TorrentState.FETCHING_METADATA, "paused": True, "bytes_done": 0}),
        ("stoppedUP", {"state": TorrentState.QUEUED, "paused": True}),
        ("stoppedUP", {"paused": True}),
        ("checkingUP", {"state": TorrentState.CHECKING, "completed_us": 1, "paused": True}),
        ("queuedDL", {"state": TorrentState.PAUSED, "bytes_done": 0}),
        ("error", {"state": TorrentState.PAUSED, "bytes_done": 0, "hindrance": FULL}),
        ("queuedUP", {"state": TorrentState.QUEUED}),
        ("queuedDL", {"state": TorrentState.QUEUED, "bytes_done": 0}),
        ("checkingDL", {"state": TorrentState.CHECKING}),
        ("checkingUP", {"state": TorrentState.CHECKING, "completed_us": 1}),
        ("stalledDL", {"state": TorrentState.DOWNLOADING, "bytes_done": 0}),
        ("downloading", {"state": TorrentState.DOWNLOADING, "bytes_done": 0, "download_bps": 1}),
        ("error", {"state": TorrentState.ERROR}),
        ("error", {"state": TorrentState.QUARANTINED}),
        ("missingFiles", {"state": TorrentState.MISSING_STORAGE}),
        ("moving", {"state": TorrentState.QUEUED, "moving": Moving(save_path="/x", progress=0.5)}),
    ],
)
def test_states(name: str, members: dict[str, Any]) -> None:
    """Each state has qBittorrent's name of version 5."""
    assert row_of(torrent(**members)).state == name


def test_forced_torrents_have_states_of_their_own() -> None:
    """Unless they are paused."""
    facts = Facts(options=TorrentOptions(force_start=True))
    assert row_of(torrent(1, facts)).state == "forcedUP"
    assert row_of(torrent(1, facts, state=TorrentState.DOWNLOADING, bytes_done=0)).state == "forcedDL"
    assert row_of(torrent(1, facts, state=TorrentState.FETCHING_METADATA, bytes_total=0)).state == "forcedMetaDL"


def test_clock_fields_go_on_while_a_torrent_runs() -> None:
    """But not without end, since the daemon may be away."""
    made = torrent(active_s=100, seeding_s=50)
    later = clock_of(made, NOW_US + 10_000_000)
    assert (later["time_active"], later["seeding_time"]) == (110, 60)
    assert clock_of(made, NOW_US + 10**12)["time_active"] == 220
    stopped = torrent(active_s=100, seeding_s=50, paused=True, state=TorrentState.PAUSED)
    assert clock_of(stopped, NOW_US + 10_000_000)["time_active"] == 100


def test_magnet_links_have_hashes_name_and_trackers() -> None:
    """Everything is quoted."""
    facts = Facts(trackers=(("http://t/a?b=1", 0),))
    made = row_of(torrent(1, facts, name="a b", info_hash_v2="c" * 64))
    assert made.magnet_uri == (
        f"magnet:?xt=urn:btih:{'0' * 39}1&xt=urn:btmh:1220{'c' * 64}&dn=a%20b&tr=http%3A%2F%2Ft%2Fa%3Fb%3D1"
    )
    assert (made.trackers_count, made.tracker) == (1, "http://t/a?b=1")
