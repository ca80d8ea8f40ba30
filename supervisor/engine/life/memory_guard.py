"""Decides whether the engine must be recycled because of its memory. Pure.

Leaked memory is freed only when the process ends. If the next engine soon exceeds the limit, too, engines may need that
much memory. So there is a minimum time between recycles. This time doubles with each recycle in a row.
"""

from typing import Final, NamedTuple

from supervisor.pacing.backoff import exponential

SAMPLES: Final = 3
"""The number of consecutive measurements above the limit that cause a recycle. A short peak causes no recycle."""

FIRST_GAP_S: Final = 60.0
MAX_GAP_S: Final = 3600.0
_GAPS: Final = exponential(FIRST_GAP_S, MAX_GAP_S)


class Judgement(NamedTuple):
    """The result of a measurement. It says whether to recycle the engine now, and has the problem's text or None."""

    recycle: bool
    problem: str | None


class MemoryGuard:
    """Judges measurements of a running engine's memory. Sizes are bytes, times monotonic seconds.

    Args:
        limit: the memory limit of an engine; 0 is no limit.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._over = 0
        self._recycled_at: float | None = None
        self._in_a_row = 0

    def judge(self, held: int | None, now: float) -> Judgement:
        """Judges a measurement. `held` is None if the memory could not be measured."""
        if not self._limit or held is None or held <= self._limit:
            self._over = 0
            return Judgement(recycle=False, problem=None)
        self._over += 1
        if self._over < SAMPLES:
            return Judgement(recycle=False, problem=None)
        limit = f"{_mb(self._limit)} of restart.max_memory_mb (raise it if that is too little)"
        problem = f"the engine holds {_mb(held)}, more than the {limit}"
        if self._recycled_at is not None:
            since_s, gap_s = now - self._recycled_at, _GAPS.delay_s(self._in_a_row)
            if since_s < gap_s:
                again = f"it was replaced {since_s:.0f} s ago, and is again in {gap_s - since_s:.0f} s if necessary"
                return Judgement(recycle=False, problem=f"{problem}; {again}")
            if since_s >= 2 * gap_s:
                self._in_a_row = 0
        self._in_a_row += 1
        self._over, self._recycled_at = 0, now
        return Judgement(
            recycle=True,
            problem=f"{problem}; it is drained and replaced",
        )


def _mb(count: int) -> str:
    return f"{count / 1e6:.0f} MB"
