"""Passes alerts to all watches of one session, and reports their findings with the heartbeat."""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from engine_proc.process.log import log
from engine_proc.session.alerts import (
    Alert,
    MetadataFailed,
    MetadataReceived,
    PeersBanned,
    PieceFailed,
    PiecesPassed,
    TorrentStatus,
)
from engine_proc.watches.failure_book import FailureBook
from engine_proc.watches.spin_watch import SpinWatch
from engine_proc.watches.stuck_watch import StuckWatch
from protocol.internal.link_events import EngineEvent, SessionStats
from protocol.internal.watch_events import TorrentStuck


class Watches:
    """Passes alerts to the watches of one session. Times are monotonic seconds that the caller passes.

    Args:
        save: requests a torrent's resume data soon. This data has the banned peers.
        reload: unloads a torrent, and loads it again.
        network_cpu_s: returns the CPU time of libtorrent's network thread so far, in seconds; None if unknown.
    """

    def __init__(
        self,
        save: Callable[[str], None],
        reload: Callable[[str], None],
        network_cpu_s: Callable[[], float | None],
    ) -> None:
        self._save = save
        self._reload = reload
        self._failures = FailureBook()
        self._network_cpu_s = network_cpu_s
        self._stuck = StuckWatch()
        self._spin = SpinWatch()

    def feed(self, alert: Alert, now: float) -> None:
        """Handles an alert. Ignores alerts that no watch needs."""
        match alert:
            case PieceFailed(torrent):
                self._failures.feed(alert, now)
                self._save(torrent)
            case PiecesPassed() | PeersBanned() | MetadataFailed() | MetadataReceived():
                self._failures.feed(alert, now)
            case _:
                pass

    def observe(self, rows: Iterable[TorrentStatus], now: float) -> None:
        """Handles the status of torrents that have changed."""
        self._stuck.observe(rows, now)

    def measure(self, stats: SessionStats, now: float) -> SessionStats:
        """The session's figures, with its network thread's figures added. Logs when the thread begins to spin."""
        spins = self._spin.spins
        if self._spin.due(now):
            self._spin.sample(now, self._network_cpu_s(), stats.downloaded + stats.uploaded)
        if self._spin.spins and not spins:
            log("warning", "network_thread_busy", load=round(self._spin.load or 0, 2))
        return msgspec.structs.replace(stats, network_load=self._spin.load, spins=self._spin.spins)

    def forget(self, torrent: str) -> None:
        """Removes a torrent that has left the session."""
        self._failures.forget(torrent)
        self._stuck.forget(torrent)

    def beat(self, now: float) -> Sequence[EngineEvent]:
        """Writes due log lines. Returns the events to send."""
        for torrent, pieces, piece, metadata, peers, problem in self._failures.lines(now):
            if pieces:
                log("warning", "pieces_failed", torrent=torrent, pieces=pieces, piece=piece, banned=peers)
            if metadata:
                log("warning", "metadata_failed", torrent=torrent, copies=metadata, problem=problem)
        return [*self._failures.take(), *self._find_stuck(now)]

    def _find_stuck(self, now: float) -> list[TorrentStuck]:
        """Logs stuck torrents, and loads a torrent again if that may help. Returns the events to send."""
        told = []
        for torrent, what, since_s, reload in self._stuck.look(now):
            told.append(TorrentStuck(torrent=torrent, what=what, since_s=int(since_s), reloaded=reload))
            if what is not None:
                log("warning", "torrent_stuck", torrent=torrent, what=what, since_s=int(since_s), reloaded=reload)
            if reload:
                self._reload(torrent)
        return told
