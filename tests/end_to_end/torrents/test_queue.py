"""libtorrent's queue: which torrent downloads, as seen by peers that try to connect, also after kills."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import ouzel
from ouzel.cli.main import run
from protocol.wire.desired import TorrentOptions
from protocol.wire.rows import HindranceCause, TorrentState
from tools.rig.daemon import Daemon
from tools.rig.hostile.raw_peer import RawPeer
from tools.rig.samples import SampleTorrent, noise
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]

QUEUE: dict[str, int | str | bool] = {
    "active_downloads": 1,
    "auto_manage_interval": 1,
    "dont_count_slow_torrents": False,
}


@pytest.fixture
def queued(root: Path) -> Iterator[tuple[Daemon, list[str]]]:
    """A daemon that lets one torrent of the queue run, and four torrents that nobody seeds, three of them queued."""
    with Daemon(root / "d", engine=QUEUE, restart={"budget": 1000, "max_delay_s": 0.5}) as daemon:
        made = [SampleTorrent(name, {"": noise(200_000, 1)}, single=True) for name in "abcd"]
        free, *others = made[::-1]
        daemon.client.add_torrent(metainfo=free.metainfo, paused=True)
        for each in others:  # the last one is added first
            options = TorrentOptions(auto_managed=True)
            daemon.client.add_torrent(metainfo=each.metainfo, paused=True, options=options, queue_position=0)
        for each in made:
            daemon.client.resume(each.torrent, wait="applied")
        yield daemon, [each.torrent for each in made]


def connects(daemon: Daemon, torrent: str) -> bool:
    """Whether a peer can connect. The engine accepts none for a torrent that does not run."""
    try:
        with RawPeer(f"127.0.0.1:{daemon.client.stats().session.listen_port}", torrent) as peer:
            return not peer.refused(0.2)
    except ConnectionError:  # to an engine that was killed
        return False


def order(daemon: Daemon, torrents: list[str]) -> list[int | None]:
    """The places in the queue."""
    rows = {row.torrent: row for row in daemon.client.list_torrents()}
    return [rows[torrent].queue_position for torrent in torrents]


def until_runs(daemon: Daemon, torrents: list[str], running: str, places: list[int | None]) -> None:
    """Waits until one torrent of the queue runs, and until the places are these; the fourth torrent always runs."""
    until(lambda: order(daemon, torrents) == places, f"the places are {places}")
    waiting = [each for each in torrents[:3] if each != running]
    for each in waiting:
        daemon.until_state(each, TorrentState.QUEUED)
    daemon.until_state(running, TorrentState.DOWNLOADING)
    daemon.until_state(torrents[3], TorrentState.DOWNLOADING)
    until(lambda: [connects(daemon, each) for each in torrents] == [each not in waiting for each in torrents], "peers")


def test_the_first_in_the_queue_downloads(queued: tuple[Daemon, list[str]]) -> None:
    """In the order that the adds gave, then in that of the moves, by both next engines, too."""
    daemon, torrents = queued
    first, second, third, free = torrents
    until_runs(daemon, torrents, first, [0, 1, 2, None])
    assert daemon.client.move_in_queue([third], "top", wait="applied") == [third]
    until_runs(daemon, torrents, third, [1, 2, 0, None])
    hindrance = daemon.client.get_torrent(first).hindrance
    assert hindrance is not None
    assert (hindrance.cause, hindrance.message) == (HindranceCause.QUEUED, "it waits for its turn in the queue")
    assert daemon.client.move_in_queue([second], "up") == [second]
    until_runs(daemon, torrents, third, [2, 1, 0, None])
    daemon.kill_engine()
    until_runs(daemon, torrents, third, [2, 1, 0, None])
    assert run(["--runtime-dir", str(daemon.runtime_dir), "queue", third, "bottom"]) == 0
    until_runs(daemon, torrents, second, [1, 0, 2, None])
    daemon.kill()
    daemon.start()
    until_runs(daemon, torrents, second, [1, 0, 2, None])
    daemon.client.update_options(third, force_start=True, wait="applied")
    until(lambda: connects(daemon, third), "it runs in spite of its place")
    assert order(daemon, torrents) == [1, 0, None, None]
    daemon.client.pause(second, wait="applied")
    until(lambda: connects(daemon, first), "it is its turn")
    daemon.until_state(second, TorrentState.PAUSED)
    for torrent in (third, free):
        with pytest.raises(ouzel.Refused, match="not in the queue"):
            daemon.client.move_in_queue([first, torrent], "bottom")
    with pytest.raises(ouzel.Refused):
        daemon.client.move_in_queue(["0" * 40], "bottom")
