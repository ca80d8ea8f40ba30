"""Counts pieces and metadata that failed their hash check, by torrent. Pure.

A hostile peer can make many pieces fail. So a torrent's failures are reported at most once per heartbeat, and logged at
most once in `LOG_S`. Only torrents with failures use memory.
"""

from typing import Final, NamedTuple

from engine_proc.session.alerts import MetadataFailed, MetadataReceived, PeersBanned, PieceFailed, PiecesPassed
from protocol.internal.watch_events import DataFailures

GATHER_S: Final = 10.0
"""The time from the first failure to its log line.

In this time libtorrent usually bans the peer that caused the failure.
"""

LOG_S: Final = 60.0
"""The time between two log lines about failures of one torrent."""

FailureAlert = PieceFailed | PiecesPassed | PeersBanned | MetadataFailed | MetadataReceived


class FailureLine(NamedTuple):
    """A log line about the failures of a torrent since the previous line."""

    torrent: str
    pieces: int
    piece: int | None
    metadata: int
    peers: tuple[str, ...]
    problem: str


class _Failures:
    """The failures of one torrent to report and to log, and the banned peers."""

    __slots__ = ("banned", "line_at", "metadata", "new_banned", "passed", "piece", "pieces", "problem", "unlogged")

    def __init__(self) -> None:
        self.pieces = 0
        self.piece: int | None = None
        self.metadata = 0
        self.problem = ""
        self.passed = False
        self.banned: tuple[str, ...] = ()
        self.new_banned = False
        self.unlogged = [0, 0]
        """The failed pieces and metadata that were not logged yet."""
        self.line_at: float | None = None


class FailureBook:
    """Counts the failures of one session's torrents. Times are monotonic seconds that the caller passes."""

    def __init__(self) -> None:
        self._torrents: dict[str, _Failures] = {}
        self._news: dict[str, None] = {}

    def feed(self, alert: FailureAlert, now: float) -> None:
        """Counts a failure, or notes that new data has passed its check."""
        known = self._torrents.get(alert.torrent)
        if known is None:
            if isinstance(alert, MetadataReceived | PiecesPassed):
                return
            known = self._torrents[alert.torrent] = _Failures()
        self._news[alert.torrent] = None
        match alert:
            case PieceFailed(_, piece):
                known.pieces, known.piece, known.passed = known.pieces + 1, piece, False
                known.unlogged[0] += 1
            case MetadataFailed(_, problem):
                known.metadata, known.problem, known.passed = known.metadata + 1, problem, False
                known.unlogged[1] += 1
            case PeersBanned(_, peers):
                known.banned, known.new_banned = peers, True
            case PiecesPassed() | MetadataReceived():
                known.passed = True
        if known.line_at is None and any(known.unlogged):
            known.line_at = now + GATHER_S

    def forget(self, torrent: str) -> None:
        """Removes a torrent."""
        self._torrents.pop(torrent, None)
        self._news.pop(torrent, None)

    def take(self) -> list[DataFailures]:
        """Removes and returns the failures to report."""
        told = []
        for torrent in self._news:
            known = self._torrents[torrent]
            told.append(
                DataFailures(
                    torrent=torrent,
                    pieces=known.pieces,
                    piece=known.piece,
                    metadata=known.metadata,
                    problem=known.problem,
                    passed=known.passed,
                    banned=list(known.banned) if known.new_banned else None,
                )
            )
            known.pieces = known.metadata = 0
            known.new_banned = known.passed = False
        self._news.clear()
        return told

    def lines(self, now: float) -> list[FailureLine]:
        """Removes and returns the due log lines."""
        found = []
        for torrent, known in self._torrents.items():
            if known.line_at is None or now < known.line_at:
                continue
            pieces, metadata = known.unlogged
            if pieces or metadata:
                piece = known.piece if pieces else None
                problem = known.problem if metadata else ""
                found.append(FailureLine(torrent, pieces, piece, metadata, known.banned, problem))
            known.line_at = now + LOG_S if pieces or metadata else None
            known.unlogged = [0, 0]
        return found
