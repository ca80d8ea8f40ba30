"""Whether the engine uses so much memory that it has to be recycled. Pure.

What a process has leaked only its end gives back. An engine that holds too much again soon after it was replaced may
simply need that much: it is replaced again only after a gap, which doubles for as long as this goes on.
"""

from typing import Final, NamedTuple

from supervisor.pacing.backoff import exponential

SAMPLES: Final = 3
"""How many looks in a row have to find too much: what is needed for a moment does no harm."""

FIRST_GAP_S: Final = 60.0
MAX_GAP_S: Final = 3600.0
_GAPS: Final = exponential(FIRST_GAP_S, MAX_GAP_S)


class Judgement(NamedTuple):
    """What is to be done: `recycle` the engine now, or not; `problem` in words, None where there is none."""

    recycle: bool
    problem: str | None


class MemoryGuard:
    """Judges measurements of a running engine's memory. Sizes are bytes, times monotonic seconds.

    Args:
        limit: what an engine may hold; 0 is anything.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._over = 0
        self._recycled_at: float | None = None
        self._in_a_row = 0

    def judge(self, held: int | None, now: float) -> Judgement:
        """What a look means. `held` is None where nobody could tell."""
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
                again = f"it was replaced {since_s:.0f} s ago, and is again in {gap_s - since_s:.0f} s if need be"
                return Judgement(recycle=False, problem=f"{problem}; {again}")
            if since_s >= 2 * gap_s:
                self._in_a_row = 0
        self._in_a_row += 1
        self._over, self._recycled_at = 0, now
        return Judgement(
            recycle=True,
            problem=f"{problem}; it saves, and another one takes its place",
        )


def _mb(count: int) -> str:
    return f"{count / 1e6:.0f} MB"
