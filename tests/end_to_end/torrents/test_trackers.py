"""The announces of a restore, received by a real tracker over UDP and HTTP, through engine kills."""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any, Final

import libtorrent
import pytest

from engine_proc.trackers.announce_pacer import RATE, TURN
from protocol.wire.rows import TorrentState
from tools.rig.daemon import Daemon
from tools.rig.samples import SampleTorrent, noise
from tools.rig.tracker import Announce, AnnounceEvent, Tracker, busiest_second
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]

lt: Any = libtorrent  # the type stubs do not declare the result

SEEDS: Final = 150
BOUND: Final = 2 * (RATE + TURN)
"""Announces in the busiest second. Twice what the pacer allows, for a busy machine may hear late and then all at once;
without a pacer all seeds announce within a fraction of a second."""


@pytest.fixture
def tracker() -> Iterator[Tracker]:
    """A tracker for all torrents."""
    with Tracker() as running:
        yield running


def add_seeds(daemon: Daemon, tracker: Tracker) -> list[str]:
    """Adds seeds with this tracker, alternating UDP and HTTP, and waits until they are saved. Returns their ids."""
    samples = [SampleTorrent(f"seed {number}", {"": noise(1000, number)}, single=True) for number in range(SEEDS)]
    requests = []
    for sample, url in zip(samples, [tracker.udp, tracker.http] * (SEEDS // 2), strict=True):
        sample.write(daemon.downloads)
        metainfo = sample.metainfo_with({b"announce": url.encode()})
        requests.append(("add_torrent", {"metainfo": metainfo, "seed_mode": True}))
    assert all(isinstance(reply, dict) for reply in daemon.client.request_many(requests))
    torrents = [sample.torrent for sample in samples]
    seeding = TorrentState.SEEDING.value
    until(lambda: daemon.client.stats().torrents.get(seeding) == SEEDS, "all seed")
    until(lambda: all(saved(daemon, torrent).exists() for torrent in torrents), "all are saved")
    until(lambda: {each.torrent for each in tracker.told(AnnounceEvent.STARTED)} == set(torrents), "all have announced")
    return torrents


def saved(daemon: Daemon, torrent: str) -> Path:
    """The torrent's resume data."""
    return daemon.resume_dir / "fastresume" / f"{torrent}.fastresume"


def kill_and_restore(daemon: Daemon, torrents: int) -> None:
    """Kills the engine and waits until the next one has loaded all torrents."""
    gen = daemon.client.health().engine.gen
    daemon.kill_engine()

    def back() -> bool:
        health = daemon.client.health()
        return health.engine.gen > gen and (health.restore.done, health.restore.total) == (torrents, torrents)

    until(back, "all torrents are back")


def later(tracker: Tracker) -> Callable[[], list[Announce]]:
    """The announces from now on."""
    before = len(tracker.announces)
    return lambda: tracker.announces[before:]


def heard_of(announces: Collection[Announce], torrents: Collection[str]) -> bool:
    """Whether each torrent has announced itself."""
    return set(torrents) <= {each.torrent for each in announces}


def test_a_restore_does_not_storm_trackers(daemon: Daemon, tracker: Tracker) -> None:
    """All torrents announce in the end, at the limited rate, a download before the seeds."""
    torrents = add_seeds(daemon, tracker)
    download = SampleTorrent("download", {"": noise(1000, SEEDS)}, single=True)
    daemon.client.add_torrent(metainfo=download.metainfo, trackers=[tracker.http])
    until(lambda: heard_of(tracker.announces, [download.torrent]), "the download has announced")
    until(saved(daemon, download.torrent).exists, "it is saved")
    since = later(tracker)
    kill_and_restore(daemon, SEEDS + 1)
    until(lambda: heard_of(since(), [*torrents, download.torrent]), "all have announced")
    order = [each.torrent for each in since()]
    assert len(order) == SEEDS + 1
    assert order.index(download.torrent) < SEEDS / 2
    assert busiest_second(since()) <= BOUND
    assert {each.event for each in since()} == {AnnounceEvent.STARTED}


def test_resume_data_of_torrents_that_wait_has_their_trackers(daemon: Daemon, tracker: Tracker) -> None:
    """Data is saved while trackers are withheld, and the engine is killed. The next engine knows the trackers."""
    torrents = add_seeds(daemon, tracker)
    kill_and_restore(daemon, SEEDS)
    before = {torrent: saved(daemon, torrent).stat().st_mtime_ns for torrent in torrents}
    daemon.client.request_many([("update_limits", {"torrent": each, "upload_bps": 10_000_000}) for each in torrents])
    until(lambda: all(saved(daemon, each).stat().st_mtime_ns != before[each] for each in torrents), "all are saved")
    since = later(tracker)
    kill_and_restore(daemon, SEEDS)
    kept = [lt.read_resume_data(saved(daemon, torrent).read_bytes()).trackers for torrent in torrents]
    assert kept == [[tracker.udp], [tracker.http]] * (SEEDS // 2)
    until(lambda: heard_of(since(), torrents), "all have announced")


def test_engines_that_die_young_do_not_storm_trackers(daemon: Daemon, tracker: Tracker) -> None:
    """Five engines in a row keep to the same rate, and all torrents announce in the end."""
    torrents = add_seeds(daemon, tracker)
    since = later(tracker)
    for _ in range(5):
        kill_and_restore(daemon, SEEDS)
    until(lambda: heard_of(since(), torrents), "all have announced")
    announces = since()
    lasted_s = announces[-1].at - announces[0].at
    assert busiest_second(announces) <= BOUND
    assert len(announces) <= RATE * lasted_s + BOUND
