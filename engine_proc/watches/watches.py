"""The watches of one session: they are fed with alerts, and report with the heartbeat."""

from collections.abc import Callable, Iterable, Sequence

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
from engine_proc.watches.stuck_watch import StuckWatch
from protocol.internal.link_events import EngineEvent, TorrentStuck


class Watches:
    """The watches of one session. Times are monotonic seconds that the caller passes.

    Args:
        save: requests that a torrent's resume data, which has the banned peers, is made soon.
        reload: unloads a torrent, and loads it again.
    """

    def __init__(self, *, save: Callable[[str], None], reload: Callable[[str], None]) -> None:
        self._save = save
        self._reload = reload
        self._failures = FailureBook()
        self._stuck = StuckWatch()

    def feed(self, alert: Alert, now: float) -> None:
        """Handles an alert. Alerts that no watch needs are ignored."""
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

    def forget(self, torrent: str) -> None:
        """Removes a torrent that has left the session."""
        self._failures.forget(torrent)
        self._stuck.forget(torrent)

    def beat(self, now: float) -> Sequence[EngineEvent]:
        """Logs what is due, and returns what is to be reported."""
        for torrent, pieces, piece, metadata, peers, problem in self._failures.lines(now):
            if pieces:
                log("warning", "pieces_failed", torrent=torrent, pieces=pieces, piece=piece, banned=peers)
            if metadata:
                log("warning", "metadata_failed", torrent=torrent, copies=metadata, problem=problem)
        return [*self._failures.take(), *self._find_stuck(now)]

    def _find_stuck(self, now: float) -> list[TorrentStuck]:
        """Logs which torrents are stuck, loads them again if that may help, and returns what is to be reported."""
        told = []
        for torrent, what, since_s, reload in self._stuck.look(now):
            told.append(TorrentStuck(torrent=torrent, what=what, since_s=int(since_s), reloaded=reload))
            if what is not None:
                log("warning", "torrent_stuck", torrent=torrent, what=what, since_s=int(since_s), reloaded=reload)
            if reload:
                self._reload(torrent)
        return told
