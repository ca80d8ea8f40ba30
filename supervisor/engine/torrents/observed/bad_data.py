"""Counts data from peers that failed its hash check, by torrent. Pure.

Only torrents with such data use memory. The counts begin when the daemon starts. They are statistics, and are not
stored.
"""

from typing import Final

from protocol.internal.watch_events import DataFailures
from protocol.wire.rows import BadDataReport

SOME: Final = 3
"""The number of failures in a row after which a torrent counts as hindered, even if data arrives.
"""


class _Counts:
    __slots__ = ("banned", "last_us", "metadata", "piece", "pieces", "problem", "row")

    def __init__(self) -> None:
        self.pieces = 0
        self.piece: int | None = None
        self.metadata = 0
        self.problem = ""
        self.last_us = 0
        self.row = 0
        """The number of failures since the last data that passed its check."""
        self.banned: list[str] = []


class BadData:
    """The failures of all torrents of a slot."""

    def __init__(self) -> None:
        self.of: dict[str, _Counts] = {}
        """By torrent: the failures, if there were any."""

    def apply(self, event: DataFailures, now_us: int) -> None:
        """Applies an engine's report. `now_us`: microseconds since 1970."""
        failed = event.pieces + event.metadata
        known = self.of.get(event.torrent)
        if known is None:
            if not failed and not event.banned:
                return
            known = self.of[event.torrent] = _Counts()
        if failed:
            known.pieces += event.pieces
            known.metadata += event.metadata
            known.last_us = now_us
            if event.pieces:
                known.piece = event.piece
            known.problem = event.problem or known.problem
        known.row = 0 if event.passed else known.row + failed
        if event.banned is not None:
            known.banned = event.banned

    def hinders(self, torrent: str, peers: int) -> bool:
        """Whether the failures are a hindrance. Data still arrives, so the torrent is not stalled.

        The failures are a hindrance if several happened in a row, or if no peer is left.
        """
        return torrent in self.of and self.of[torrent].row >= (SOME if peers else 1)

    def why(self, torrent: str) -> str | None:
        """A sentence about the failures since the last data that passed its check. None without such failures."""
        known = self.of.get(torrent)
        if known is None or not known.row:
            return None
        banned = f"; banned for that: {', '.join(known.banned[:3])}" if known.banned else ""
        if known.pieces:
            return f"the last {known.row} pieces failed their hash check, the last one is piece {known.piece}{banned}"
        return f"the last {known.row} copies of the metadata from peers were wrong: {known.problem}"

    def report(self, torrent: str) -> BadDataReport | None:
        """The counts of a torrent, for clients; None if no data has failed."""
        known = self.of.get(torrent)
        if known is None:
            return None
        return BadDataReport(
            pieces=known.pieces,
            last_piece=known.piece,
            metadata=known.metadata,
            metadata_problem=known.problem or None,
            last_us=known.last_us or None,
            banned_peers=known.banned,
        )

    def discard(self, torrent: str) -> None:
        """Drops the counts of a torrent that was removed."""
        self.of.pop(torrent, None)
