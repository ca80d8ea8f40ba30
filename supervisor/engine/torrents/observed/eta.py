"""Estimates when downloads will be complete, by their recent rate. Pure. Times are monotonic seconds.

The rate is an exponential average of useful payload over half a minute. Wasted payload does not count. The rate falls
while nothing arrives. So a stalled download soon has no estimate.
"""

import math
from typing import Final

from protocol.wire.events.torrent_events import Progress

AVERAGE_S: Final = 30.0
SAMPLE_S: Final = 1.0
"""The minimum interval between samples. More frequent updates are combined."""
LONGEST_S: Final = 100 * 24 * 3600
"""The longest estimate. If the estimated time is longer, it is reported as unknown."""


class _Rate:
    __slots__ = ("at", "began", "bps", "useful")

    def __init__(self, now: float, useful: int) -> None:
        self.began = self.at = now
        self.useful = useful
        self.bps = 0.0


class Estimates:
    """The estimates of all downloading torrents."""

    def __init__(self) -> None:
        self._rates: dict[str, _Rate] = {}

    def update(self, torrent: str, useful: int, now: float) -> None:
        """Adds a sample of a downloading torrent.

        Args:
            useful: the total of useful payload bytes over the torrent's life.
        """
        rate = self._rates.get(torrent)
        if rate is None:
            self._rates[torrent] = _Rate(now, useful)
            return
        seconds = now - rate.at
        if seconds < SAMPLE_S:
            return
        # During the first half minute, the rate is the plain mean of all samples: the average would rise too slowly.
        weight = max(1 - math.exp(-seconds / AVERAGE_S), seconds / (now - rate.began))
        rate.bps += weight * (max(0, useful - rate.useful) / seconds - rate.bps)
        rate.at, rate.useful = now, useful

    def drop(self, torrent: str) -> None:
        """Removes a torrent that does not download any more."""
        self._rates.pop(torrent, None)

    def of(self, progress: Progress, now: float) -> int | None:
        """The estimated seconds until a torrent's selected files are complete; None if unknown."""
        return self.eta_s(progress.torrent, progress.bytes_total - progress.bytes_done, now)

    def eta_s(self, torrent: str, left: int, now: float) -> int | None:
        """The estimated seconds until `left` more bytes have arrived; None if unknown."""
        rate = self._rates.get(torrent)
        if rate is None:
            return None
        if left <= 0:
            return 0
        idle_s = max(0.0, now - rate.at - SAMPLE_S)
        bps = rate.bps * math.exp(-idle_s / AVERAGE_S)
        return math.ceil(left / bps) if bps * LONGEST_S >= left else None
