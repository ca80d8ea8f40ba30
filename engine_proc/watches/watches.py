"""The watches of one session: they are fed with alerts, and report with the heartbeat."""

from collections.abc import Callable, Sequence

from engine_proc.process.log import log
from engine_proc.session.alerts import (
    Alert,
    MetadataFailed,
    MetadataReceived,
    PeersBanned,
    PieceFailed,
    PiecesPassed,
)
from engine_proc.watches.failure_book import FailureBook
from protocol.internal.link_events import EngineEvent


class Watches:
    """The watches of one session. Times are monotonic seconds that the caller passes.

    Args:
        save: requests that a torrent's resume data is made soon. It has the peers that were banned.
    """

    def __init__(self, save: Callable[[str], None]) -> None:
        self._save = save
        self._failures = FailureBook()

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

    def forget(self, torrent: str) -> None:
        """Removes a torrent."""
        self._failures.forget(torrent)

    def beat(self, now: float) -> Sequence[EngineEvent]:
        """Logs what is due, and returns what is to be reported."""
        for torrent, pieces, piece, metadata, peers, problem in self._failures.lines(now):
            if pieces:
                log("warning", "pieces_failed", torrent=torrent, pieces=pieces, piece=piece, banned=peers)
            if metadata:
                log("warning", "metadata_failed", torrent=torrent, copies=metadata, problem=problem)
        return self._failures.take()
