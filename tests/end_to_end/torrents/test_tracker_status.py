"""The tracker status that clients see, with real trackers that first refuse and later answer, through engine kills."""

from pathlib import Path
from typing import Final

import pytest

import ouzel
from protocol.wire.peer_rows import TrackerRow, TrackerStatus
from protocol.wire.rows import HindranceCause, TorrentState
from tools.rig.daemon import Daemon
from tools.rig.samples import SampleTorrent, noise
from tools.rig.servers.closed_port import closed_port
from tools.rig.tracker import Tracker
from tools.rig.waiting import until
from tools.rig.watcher import Watcher

pytestmark = [pytest.mark.process, pytest.mark.network]

KEY: Final = "0123456789abcdef0123456789abcdef"
REFUSAL: Final = "unregistered torrent"


def statuses(watcher: Watcher, torrent: str) -> list[tuple[str, str]]:
    """The tracker statuses in events."""
    events = [each.event for each in watcher.seen]
    return [
        (event.data["url"], event.data["status"])
        for event in events
        if event.type == "tracker_status" and event.torrent == torrent
    ]


def test_trackers_that_fail_and_recover(daemon: Daemon) -> None:
    """The source's tracker and an added one: status, message and figures, published once, also after an engine's death.

    The log has no key.
    """
    sample = SampleTorrent("sample", {"": noise(40_000, 1)}, single=True)
    with Tracker() as tracker, closed_port() as port, Watcher(daemon.runtime_dir) as watcher:
        tracker.refusal = REFUSAL
        own, dead = f"{tracker.http}/{KEY}", f"http://127.0.0.1:{port}/announce?passkey={KEY}"
        torrent = daemon.client.add_torrent(
            metainfo=sample.metainfo_with({b"announce": own.encode()}), trackers=[dead]
        ).torrent
        client = daemon.client

        def trackers() -> dict[str, TrackerRow]:
            return {row.url: row for row in client.list_trackers(torrent)}

        def failing() -> bool:
            hindrance = client.get_torrent(torrent).hindrance
            return hindrance is not None and hindrance.cause is HindranceCause.TRACKERS_FAILING

        until(failing, "no tracker works, and the row says so")
        found = trackers()
        assert found.keys() == {own, dead}
        assert (found[own].status, found[own].message) == (TrackerStatus.ERROR, REFUSAL)
        assert found[dead].status is TrackerStatus.ERROR
        assert found[dead].message
        assert found[own].next_announce_us is not None
        assert found[own].failing_since_us is not None
        [row] = client.list_torrents(ids=[torrent])
        assert row.stalled_since_us is not None
        assert row.hindrance is not None
        assert KEY not in row.hindrance.message
        detail = {each.url: each.message for each in client.get_torrent(torrent).tracker_status}
        assert detail[own] == REFUSAL

        daemon.kill_engine()
        assert trackers()[own].message == REFUSAL
        announced = len(tracker.announces)
        until(lambda: len(tracker.announces) > announced, "the next engine has asked")
        until(lambda: trackers()[own].next_announce_us is not None, "it was answered")
        assert sorted(statuses(watcher, torrent)) == sorted([(own, "error"), (dead, "error")])

        tracker.refusal = None
        daemon.kill_engine()  # the next engine announces at once
        until(lambda: trackers()[own].status is TrackerStatus.WORKING, "it works again")
        until(lambda: trackers()[own].seeds is not None, "it has told numbers")
        working = trackers()[own]
        assert (working.seeds, working.leeches, working.message, working.failing_since_us) == (7, 1, "", None)
        until(lambda: (own, "working") in statuses(watcher, torrent), "an event says so")
        hindrance = client.get_torrent(torrent).hindrance
        assert hindrance is not None
        assert hindrance.cause is HindranceCause.NO_PEERS
    assert KEY not in daemon.log.read_text()


def test_trackers_and_reasons_without_an_engine(root: Path) -> None:
    """For a torrent that no engine has reported, the trackers in its record are listed."""
    link = SampleTorrent("sample", {"": noise(40_000, 2)}, single=True).magnet
    with Daemon(root / "d", restart={"budget": 0}) as daemon:
        torrent = daemon.client.add_torrent(magnet=f"{link}&tr=udp://127.0.0.1:9/{KEY}", paused=True).torrent
        daemon.until_state(torrent, TorrentState.PAUSED)
        assert [row.url for row in daemon.client.list_trackers(torrent)] == [f"udp://127.0.0.1:9/{KEY}"]
        paused = daemon.row(torrent).hindrance
        assert paused is not None
        assert paused.cause is HindranceCause.PAUSED
        daemon.kill_engine()
        until(lambda: daemon.client.health().engine.pid is None, "there is no engine")
        daemon.client.resume(torrent)
        lost = daemon.row(torrent).hindrance
        assert lost is not None
        assert lost.cause is HindranceCause.ENGINE
        daemon.stop()
        daemon.start()
        [row] = daemon.client.list_trackers(torrent)
        assert row.url == f"udp://127.0.0.1:9/{KEY}"
        with pytest.raises(ouzel.Refused, match="unknown_torrent"):
            daemon.client.list_trackers("0" * 40)
