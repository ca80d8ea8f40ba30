"""Coalesces progress to ten values a second for each torrent, and never loses the last value. Pure.

A value that arrives too early is held until 100 ms after the last sent value. Later values replace a held value. So the
last value that a client receives is the latest. The outbox calls `flush` before any other event of the torrent. So
outdated progress never follows an event.
"""

from typing import Final

from protocol.wire.events.torrent_events import Progress

MIN_INTERVAL_S: Final = 0.1


class ProgressCoalescer:
    """Holds and replaces progress values. Times are monotonic seconds that the caller passes."""

    def __init__(self) -> None:
        self._sent_at: dict[str, float] = {}
        self._sent: dict[str, Progress] = {}
        self._waiting: dict[str, Progress] = {}

    def offer(self, progress: Progress) -> None:
        """Accepts a torrent's latest progress. If this progress equals the last sent value, discards a held value."""
        if self._sent.get(progress.torrent) == progress:
            self._waiting.pop(progress.torrent, None)
        else:
            self._waiting[progress.torrent] = progress

    def due(self, now: float) -> list[Progress]:
        """Removes and returns the values to send now."""
        ripe = [
            progress
            for torrent, progress in self._waiting.items()
            if now - self._sent_at.get(torrent, float("-inf")) >= MIN_INTERVAL_S
        ]
        for progress in ripe:
            self._mark_sent(progress, now)
        return ripe

    def flush(self, torrent: str, now: float) -> Progress | None:
        """Removes and returns a torrent's held value. Send the value before the torrent's next event."""
        progress = self._waiting.get(torrent)
        if progress is not None:
            self._mark_sent(progress, now)
        return progress

    def discard(self, torrent: str) -> None:
        """Removes a torrent."""
        for table in (self._waiting, self._sent, self._sent_at):
            table.pop(torrent, None)

    def next_due(self) -> float | None:
        """The time at which `due` will return a value; None while no value is held."""
        return min(
            (self._sent_at.get(torrent, float("-inf")) + MIN_INTERVAL_S for torrent in self._waiting), default=None
        )

    def _mark_sent(self, progress: Progress, now: float) -> None:
        del self._waiting[progress.torrent]
        self._sent[progress.torrent] = progress
        self._sent_at[progress.torrent] = now
