"""A histogram of durations with fixed buckets. Pure."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

from protocol.wire.metrics.metrics_report import HistogramReport

SHORT_S: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
"""The bounds for durations that clients wait for."""

LONG_S: Final = (0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0, 120.0)
"""The bounds for failovers and restores."""


class Histogram:
    """Counts durations. One thread observes, and any thread may read.

    Args:
        bounds_s: the upper bounds of the buckets in seconds, ascending. A bound belongs to its bucket.
    """

    def __init__(self, bounds_s: Sequence[float]) -> None:
        self._bounds_s = tuple(bounds_s)
        self._counts = [0] * (len(bounds_s) + 1)
        self._sum_s = 0.0

    def observe(self, duration_s: float) -> None:
        """Counts a duration. A negative duration, which an unsteady clock can cause, counts as 0."""
        self._counts[bisect_left(self._bounds_s, duration_s)] += 1
        self._sum_s += max(0.0, duration_s)

    def report(self) -> HistogramReport:
        """The histogram as clients get it."""
        return HistogramReport(bounds_s=list(self._bounds_s), counts=list(self._counts), sum_s=self._sum_s)
