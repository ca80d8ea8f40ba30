"""Estimates when downloads will be complete, by their recent rate. Pure; times are monotonic seconds.

The rate is an exponential average over half a minute, of payload that was of use. It falls while nothing arrives, so
that a download that stalls soon has no estimate instead of an old one.
"""

import math
from typing import Final

AVERAGE_S: Final = 30.0
SAMPLE_S: Final = 1.0
"""What is told more often is taken together."""
LONGEST_S: Final = 100 * 24 * 3600
"""What takes longer is not known."""


class _Rate:
    __slots__ = ("at", "began", "bps", "useful")

    def __init__(self, now: float, useful: int) -> None:
        self.began = self.at = now
        self.useful = useful
        self.bps = 0.0


class Estimates:
    """Only torrents that download have one."""

    def __init__(self) -> None:
        self._rates: dict[str, _Rate] = {}

    def update(self, torrent: str, useful: int, now: float) -> None:
        """A torrent downloads.

        Args:
            useful: payload bytes that were of use, over its life.
        """
        rate = self._rates.get(torrent)
        if rate is None:
            self._rates[torrent] = _Rate(now, useful)
            return
        seconds = now - rate.at
        if seconds < SAMPLE_S:
            return
        # While it is young, the plain mean of all there is: the average would take half a minute to get there.
        weight = max(1 - math.exp(-seconds / AVERAGE_S), seconds / (now - rate.began))
        rate.bps += weight * (max(0, useful - rate.useful) / seconds - rate.bps)
        rate.at, rate.useful = now, useful

    def drop(self, torrent: str) -> None:
        """A torrent does not download any more."""
        self._rates.pop(torrent, None)

    def eta_s(self, torrent: str, left: int, now: float) -> int | None:
        """In how many seconds the bytes that are left will be there; None where that is not known."""
        rate = self._rates.get(torrent)
        if rate is None:
            return None
        if left <= 0:
            return 0
        idle_s = max(0.0, now - rate.at - SAMPLE_S)
        bps = rate.bps * math.exp(-idle_s / AVERAGE_S)
        return math.ceil(left / bps) if bps * LONGEST_S >= left else None
