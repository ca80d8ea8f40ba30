"""The list of trackers changed by clients: real trackers receive the announces, also after kills of both processes."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import libtorrent
import pytest

import ouzel
from protocol.wire.peer_rows import TrackerStatus
from protocol.wire.rows import TorrentState
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.samples import SampleTorrent, noise
from tools.rig.seed import Seed
from tools.rig.tracker import Announce, Tracker, busiest_second
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]

MANY = 120
BOUND = 110
"""Announces in the busiest second; see `test_trackers`."""


@pytest.fixture
def trackers() -> Iterator[list[Tracker]]:
    """Three trackers."""
    with ExitStack() as stack:
        yield [stack.enter_context(Tracker()) for _ in range(3)]


def sample(number: int = 0) -> SampleTorrent:
    """A small torrent that nobody seeds."""
    return SampleTorrent(f"sample {number}", {"": noise(40_000, number)}, single=True)


def listed(daemon: Daemon, torrent: str) -> list[tuple[str, int]]:
    """The torrent's trackers with their tiers, as `list_trackers` and `get_torrent` show them."""
    rows = daemon.client.list_trackers(torrent)
    detail = daemon.client.get_torrent(torrent)
    assert [(row.url, row.tier) for row in detail.tracker_status] == [(row.url, row.tier) for row in rows]
    return [(row.url, row.tier) for row in rows]


def works(daemon: Daemon, torrent: str, url: str) -> bool:
    """Whether this tracker has answered."""
    return any(row.url == url and row.status is TrackerStatus.WORKING for row in daemon.client.list_trackers(torrent))


def kill_both(daemon: Daemon, tracker: Tracker) -> None:
    """Kills the engine, then both processes, and waits after each until this tracker has heard of the torrent again."""
    announced = len(tracker.announces)
    daemon.kill_engine()
    until(lambda: len(tracker.announces) > announced, "the next engine has announced it")
    announced = len(tracker.announces)
    daemon.kill()
    daemon.start()
    until(lambda: len(tracker.announces) > announced, "the engine of the next supervisor has")


def test_the_sources_trackers_are_replaced_for_good(daemon: Daemon, trackers: list[Tracker]) -> None:
    """The first tier fails, so the second is announced to. The source's tracker never hears of the torrent again."""
    own, first, second = trackers
    metainfo = sample().metainfo_with({b"announce": own.http.encode()})
    torrent = daemon.client.add_torrent(metainfo=metainfo).torrent
    until(lambda: works(daemon, torrent, own.http), "the source's tracker has answered")
    first.refusal = "not here"
    wanted = [(first.http, 0), (second.http, 255)]
    daemon.client.update_trackers(torrent, replace=wanted, wait="applied")
    assert listed(daemon, torrent) == wanted
    until(lambda: works(daemon, torrent, second.http), "the second has answered")
    assert first.announces
    heard = len(own.announces)
    kill_both(daemon, second)
    assert listed(daemon, torrent) == wanted
    assert {each.torrent for each in second.announces} == {torrent}
    assert len(own.announces) == heard


def test_trackers_are_added_and_removed(daemon: Daemon, trackers: list[Tracker]) -> None:
    """The tracker in use is not announced to again when another one is added. A removed one comes back if added."""
    own, other, third = trackers
    metainfo = sample().metainfo_with({b"announce": own.udp.encode()})
    torrent = daemon.client.add_torrent(metainfo=metainfo, trackers=[third.udp]).torrent
    until(lambda: works(daemon, torrent, own.udp), "the source's tracker has answered")
    client = daemon.client
    client.update_trackers(torrent, add=[(other.udp, 7)], remove=[third.udp], wait="applied")
    assert listed(daemon, torrent) == [(own.udp, 0), (other.udp, 7)]
    until(lambda: works(daemon, torrent, own.udp), "it has answered again")
    announced = len(own.announces)
    client.update_trackers(torrent, add=[(third.udp, 8)], wait="applied")
    until(lambda: client.list_trackers(torrent)[0].next_announce_us is not None, "libtorrent has the new list")
    assert len(own.announces) == announced
    client.update_trackers(torrent, remove=[own.udp, "udp://never.example/"], wait="applied")
    until(lambda: works(daemon, torrent, other.udp), "the next tier is in use")
    kill_both(daemon, other)
    assert listed(daemon, torrent) == [(other.udp, 7), (third.udp, 8)]
    assert daemon.client.get_torrent(torrent).trackers == [other.udp, third.udp]
    assert len(own.announces) == announced
    daemon.client.update_trackers(torrent, add=[(own.udp, 0)])
    until(lambda: len(own.announces) > announced, "it is used again")
    daemon.client.update_trackers(torrent, replace=[], wait="applied")
    assert listed(daemon, torrent) == []


def test_a_change_without_an_engine_is_applied_by_the_next_one(daemon: Daemon, trackers: list[Tracker]) -> None:
    """It is listed at once, also of a magnet link without metadata."""
    own, other, _ = trackers
    torrent = daemon.client.add_torrent(magnet=f"{sample().magnet}&tr={own.udp}").torrent
    until(lambda: works(daemon, torrent, own.udp), "the link's tracker has answered")
    daemon.kill_engine()
    announced = len(own.announces)
    daemon.client.update_trackers(torrent, add=[(other.udp, 3)], remove=[own.udp])
    assert listed(daemon, torrent) == [(other.udp, 3)]
    until(lambda: works(daemon, torrent, other.udp), "it has answered")
    assert len(own.announces) <= announced + 1  # the next engine may have loaded the torrent before the change


def test_a_merge_of_two_records_keeps_the_changes(
    root: Path, daemon: Daemon, seed: Seed, trackers: list[Tracker]
) -> None:
    """A tracker that was removed from one of two links stays removed, though the other link names it, too."""
    own, other, _ = trackers
    made = payload.make(root / "seed", "hybrid", {"a": 40_000, "b": 20_000}, piece_size=16384, version="hybrid")
    hashes = libtorrent.load_torrent_buffer(made.metainfo).info_hashes
    seed.add(made.metainfo, made.root)
    first = daemon.client.add_torrent(magnet=f"magnet:?xt=urn:btih:{hashes.v1}&tr={own.udp}").torrent
    daemon.client.update_trackers(first, remove=[own.udp], add=[(other.udp, 5)])
    second = daemon.client.add_torrent(magnet=f"magnet:?xt=urn:btmh:1220{hashes.v2}&tr={own.udp}").torrent
    daemon.client.add_peers(second, [seed.endpoint])

    def merged() -> str | None:
        rows = list(daemon.client.list_torrents())
        return rows[0].torrent if len(rows) == 1 and rows[0].state is TorrentState.SEEDING else None

    torrent = until(merged, "one torrent seeds")
    assert listed(daemon, torrent) == [(other.udp, 5)]
    until(lambda: works(daemon, torrent, other.udp), "it has answered")
    announced = len(own.announces)
    kill_both(daemon, other)
    assert listed(daemon, torrent) == [(other.udp, 5)]
    assert len(own.announces) == announced


def test_bad_changes_are_refused_whole(daemon: Daemon) -> None:
    """The error names the argument, and the list is as before."""
    torrent = daemon.client.add_torrent(metainfo=sample().metainfo, trackers=["udp://127.0.0.1:9/"]).torrent
    until(lambda: listed(daemon, torrent), "its tracker is known")
    before = listed(daemon, torrent)
    for args, field in (
        ({"add": [{"url": "udp://127.0.0.1:9/x", "tier": 256}]}, r"args\.add\[0\]\.tier"),
        ({"add": [{"url": "udp://127.0.0.1:9/x", "tier": -1}]}, r"args\.add\[0\]\.tier"),
        ({"replace": [{"url": "ftp://127.0.0.1/"}]}, r"args\.replace\[0\]\.url"),
        ({"add": [{"url": "udp://127.0.0.1:0/"}]}, r"args\.add\[0\]\.url"),
        ({"add": [{"url": "udp://t:1/"}, {"url": "udp://t:1/", "tier": 1}]}, r"args\.add\[1\]\.url"),
        ({"add": [{"url": "udp://t:1/"}], "remove": ["udp://t:1/"]}, r"args\.remove"),
        ({"replace": [{"url": f"udp://t:1/{each}"} for each in range(401)]}, r"args\.replace"),
    ):
        [refused] = daemon.client.request_many([("update_trackers", {"torrent": torrent, **args})])
        assert isinstance(refused, ouzel.OuzelError)
        with pytest.raises(ouzel.OuzelError, match=field):
            raise refused
    assert listed(daemon, torrent) == before


def test_announces_to_new_trackers_are_paced(daemon: Daemon, trackers: list[Tracker]) -> None:
    """Those of many torrents reach the tracker at the limited rate, each once."""
    tracker, new, _ = trackers
    metainfos = [sample(number).metainfo for number in range(MANY)]
    requests = [("add_torrent", {"metainfo": metainfo, "trackers": [tracker.udp]}) for metainfo in metainfos]
    torrents = [reply["torrent"] for reply in daemon.client.request_many(requests) if isinstance(reply, dict)]
    until(lambda: heard_of(tracker.announces) == set(torrents), "all have announced")
    change = {"replace": [{"url": new.udp}]}
    replies = daemon.client.request_many([("update_trackers", {"torrent": each, **change}) for each in torrents])
    assert all(isinstance(reply, dict) for reply in replies)
    until(lambda: heard_of(new.announces) == set(torrents), "all have announced to the new one")
    assert len(new.announces) == MANY
    assert busiest_second(new.announces) <= BOUND


def heard_of(announces: list[Announce]) -> set[str]:
    """The torrents that have announced."""
    return {each.torrent for each in announces.copy()}
