"""The watches in a running engine, and on the status of a real session."""

import json
from pathlib import Path

import pytest

from engine_proc.libtorrent_adapter.libtorrent_session import LibtorrentSession
from engine_proc.session.alerts import MetadataFailed, NativeState, PieceFailed, StatusUpdate, TorrentAdded
from engine_proc.watches import stuck_watch
from engine_proc.watches.spin_watch import LASTS_S
from engine_proc.watches.stuck_watch import METADATA_S, Stuck, StuckWatch
from engine_proc.watches.watches import Watches
from protocol.internal.link_events import SessionStats
from protocol.internal.watch_events import DataFailures, StuckIn, TorrentStuck
from tests.engine_proc.watches.test_stuck_watch import row
from tools.rig.hostile.raw_peer import RawPeer
from tools.rig.probe import LOOPBACK, Probe
from tools.rig.samples import two_files

A = "a" * 40


def test_a_stuck_check_is_loaded_again_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once."""
    reloaded: list[str] = []
    monkeypatch.setattr(stuck_watch, "CHECKING_S", 1.0)
    watches = Watches(save=lambda torrent: None, reload=reloaded.append, network_cpu_s=lambda: None)
    watches.observe([row(NativeState.CHECKING_FILES)], 0.0)
    assert watches.beat(0.5) == []
    assert watches.beat(6.0) == [TorrentStuck(torrent=A, what=StuckIn.CHECKING, since_s=6, reloaded=True)]
    assert reloaded == [A]
    watches.forget(A)
    assert watches.beat(7.0) == [TorrentStuck(torrent=A)]
    assert reloaded == [A]


def test_failures_are_told_with_the_heartbeat(capfd: pytest.CaptureFixture[str]) -> None:
    """And resume data is requested for a failed piece, since it has the banned peers. Lines follow later."""
    saved: list[str] = []
    watches = Watches(save=saved.append, reload=lambda torrent: None, network_cpu_s=lambda: None)
    watches.feed(PieceFailed(A, 5), 0.0)
    watches.feed(MetadataFailed(A, "mismatch"), 0.0)
    assert watches.beat(0.25) == [DataFailures(torrent=A, pieces=1, piece=5, metadata=1, problem="mismatch")]
    assert saved == [A]
    assert capfd.readouterr().err == ""
    assert watches.beat(20.0) == []
    pieces, metadata = map(json.loads, capfd.readouterr().err.splitlines())
    assert pieces.items() >= {"event": "pieces_failed", "torrent": A, "pieces": 1, "piece": 5, "banned": []}.items()
    assert metadata.items() >= {"event": "metadata_failed", "torrent": A, "copies": 1, "problem": "mismatch"}.items()


def test_a_busy_network_thread_is_told_with_the_figures(capfd: pytest.CaptureFixture[str]) -> None:
    """And logged once."""
    cpu_s = 0.0
    watches = Watches(save=lambda torrent: None, reload=lambda torrent: None, network_cpu_s=lambda: cpu_s)
    stats = SessionStats(download_bps=0, upload_bps=0, downloaded=0, uploaded=0, peers=0, listen_port=1)
    for now in range(100):
        cpu_s = now * 0.95
        told = watches.measure(stats, float(now))
        assert told.spins is (now >= LASTS_S)
        assert now < 10 or round(told.network_load or 0, 2) == 0.95
    assert capfd.readouterr().err.count("network_thread_busy") == 1


@pytest.mark.network
def test_a_silent_peer_of_a_real_session_makes_a_link_stuck(tmp_path: Path) -> None:
    """As libtorrent shows it: it has a peer, and no metadata. Once the peer is gone it is not stuck any more."""
    session = LibtorrentSession(LOOPBACK, download_bps=0, upload_bps=0, torrents=10)
    try:
        probe, sample, watch = Probe(session), two_files(), StuckWatch()
        session.add(sample.desired(tmp_path, by_magnet=True), metainfo=None, resume=None)
        probe.take(TorrentAdded, sample.torrent)
        with RawPeer(f"127.0.0.1:{session.listen_port()}", sample.torrent):
            watch.observe([probe.status(sample.torrent, lambda status: status.peers == 1)], 0.0)
            assert watch.look(METADATA_S) == [Stuck(sample.torrent, StuckIn.METADATA, METADATA_S)]
        watch.observe([probe.status(sample.torrent, lambda status: status.peers == 0)], METADATA_S + 1)
        assert watch.look(METADATA_S + 1) == [Stuck(sample.torrent, None)]
        assert probe.waiting(StatusUpdate) == []
    finally:
        session.close()
