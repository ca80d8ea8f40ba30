"""Announces that clients request with `reannounce`, as received by real trackers and by a DHT node."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import ouzel
from protocol.wire.peer_rows import TrackerStatus
from protocol.wire.rows import TorrentState
from tests.end_to_end.torrents.dht_node import DhtNode
from tools.rig.daemon import Daemon
from tools.rig.samples import SampleTorrent, noise
from tools.rig.tracker import Tracker, busiest_second
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]

MANY = 120
BOUND = 110
"""Announces in the busiest second; see `test_trackers`."""


@pytest.fixture
def trackers() -> Iterator[tuple[Tracker, Tracker]]:
    """Two trackers."""
    with Tracker() as first, Tracker() as second:
        yield first, second


def sample(number: int = 0) -> SampleTorrent:
    """A small torrent that nobody seeds."""
    return SampleTorrent(f"sample {number}", {"": noise(40_000, number)}, single=True)


def add(daemon: Daemon, *trackers: Tracker) -> str:
    """Adds a torrent with these trackers by UDP, each in its tier, and waits until the first has answered."""
    metainfo = sample().metainfo_with({b"announce-list": [[each.udp.encode()] for each in trackers]})
    torrent = daemon.client.add_torrent(metainfo=metainfo).torrent

    def working() -> bool:
        rows = daemon.client.list_trackers(torrent)
        return [row.url for row in rows if row.status is TrackerStatus.WORKING] == [trackers[0].udp]

    until(working, "the first tracker has answered, so the others are not used")
    return torrent


def test_all_trackers_or_one(daemon: Daemon, trackers: tuple[Tracker, Tracker]) -> None:
    """Each announce comes at once, although the trackers requested one in half an hour.

    One tracker is announced to even if a tracker before it works.
    """
    first, second = trackers
    torrent = add(daemon, first, second)
    counts = (len(first.announces), len(second.announces))

    def heard(more: tuple[int, int]) -> bool:
        return (len(first.announces) - counts[0], len(second.announces) - counts[1]) == more

    daemon.client.reannounce(torrent)
    until(lambda: heard((1, 0)), "the one in use has heard of it again")
    daemon.client.reannounce(torrent, tracker=second.udp)
    until(lambda: heard((1, 1)), "the second has heard of it")
    daemon.client.reannounce(torrent, tracker=second.udp, wait="applied")
    until(lambda: heard((1, 2)), "the second has, again")
    with pytest.raises(ouzel.Refused, match=r"args\.tracker"):
        daemon.client.reannounce(torrent, tracker="udp://127.0.0.1:1/other")
    assert heard((1, 2))


def test_the_dht(root: Path) -> None:
    """The torrent is looked up again, though libtorrent does so by itself only every quarter of an hour."""
    with DhtNode() as node:
        engine: dict[str, int | str | bool] = {"enable_dht": True, "dht_bootstrap_nodes": node.endpoint}
        with Daemon(root / "d", engine=engine) as daemon:
            torrent = daemon.client.add_torrent(metainfo=sample().metainfo).torrent
            until(lambda: torrent in node.announced, "it was looked up")
            before = node.announced.count(torrent)
            until(lambda: reannounced(daemon, node, torrent, before), "it was looked up again", every_s=0.2)


def reannounced(daemon: Daemon, node: DhtNode, torrent: str, before: int) -> bool:
    """Whether the DHT was asked again; requests that."""
    daemon.client.reannounce(torrent)
    return node.announced.count(torrent) > before


def test_a_paused_torrent_is_refused(daemon: Daemon, trackers: tuple[Tracker, Tracker]) -> None:
    """By name, and nothing is announced."""
    torrent = add(daemon, trackers[0])
    daemon.client.pause(torrent, wait="applied")
    daemon.until_state(torrent, TorrentState.PAUSED)
    until(lambda: len(trackers[0].announces) == 2, "it has said that it has stopped")
    with pytest.raises(ouzel.Refused, match="torrent_paused"):
        daemon.client.reannounce(torrent)
    daemon.client.resume(torrent)
    until(lambda: len(trackers[0].announces) == 3, "it has announced itself")


def test_many_at_once_are_paced(daemon: Daemon, trackers: tuple[Tracker, Tracker]) -> None:
    """Each torrent is announced once more, at the limited rate, also if the engine dies meanwhile."""
    tracker = trackers[0]
    requests = [
        ("add_torrent", {"metainfo": sample(number).metainfo, "trackers": [tracker.udp]}) for number in range(MANY)
    ]
    torrents = [reply["torrent"] for reply in daemon.client.request_many(requests) if isinstance(reply, dict)]
    until(lambda: {each.torrent for each in tracker.announces.copy()} == set(torrents), "all have announced")
    before = len(tracker.announces)
    daemon.client.request_many([("reannounce", {"torrent": torrent}) for torrent in torrents])
    until(lambda: len(tracker.announces) == before + MANY, "all have announced again")
    announces = tracker.announces[before:]
    assert {each.torrent for each in announces} == set(torrents)
    assert busiest_second(announces) <= BOUND
    before = len(tracker.announces)
    daemon.client.request_many([("reannounce", {"torrent": torrent}) for torrent in torrents])
    daemon.kill_engine()
    until(lambda: {each.torrent for each in tracker.announces[before:]} == set(torrents), "all have announced again")
