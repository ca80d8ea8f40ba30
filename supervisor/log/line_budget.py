"""How many lines of one name the log takes, so that thousands of torrents do not drown what else is told. Pure.

A client that adds ten thousand torrents, or a start at which as many fail, would fill the log's queue and exceed what
journald takes of one service (10,000 lines in 30 s), and then other lines are lost, whatever they say. So each name
has a token bucket, and what it does not cover is counted and told as a number.
"""

from typing import Final, NamedTuple

from supervisor.pacing.token_bucket import TokenBucket

BURST: Final = 500
"""Lines of one name at once."""

PER_S: Final = 10.0
"""Lines of one name in the long run."""

TELL_S: Final = 10.0
"""How often it is told how many were left out."""


class LeftOut(NamedTuple):
    """Lines of one name that were not written. `level` is that of the last of them."""

    of: str
    level: str
    lines: int


class LineBudget:
    """The buckets. Times are monotonic seconds.

    Args:
        burst, per_s: of each name.
    """

    def __init__(self, *, burst: int = BURST, per_s: float = PER_S) -> None:
        self._burst = burst
        self._per_s = per_s
        self._buckets: dict[str, TokenBucket] = {}
        self._left_out: dict[str, tuple[str, int, float]] = {}
        """By name, the level, how many, and since when they are counted."""

    def take(self, name: str, level: str, now: float) -> bool:
        """Whether a line of this name may be written; if not, it is counted."""
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = TokenBucket(self._burst, self._per_s, now)
        if bucket.take(now):
            return True
        _, lines, since = self._left_out.get(name, (level, 0, now))
        self._left_out[name] = level, lines + 1, since
        return False

    def left_out(self, now: float) -> list[LeftOut]:
        """What was left out and is to be told now, once each. To be called every second."""
        due = [name for name, (_, _, since) in self._left_out.items() if now - since >= TELL_S]
        found = []
        for name in due:
            level, lines, _ = self._left_out.pop(name)
            found.append(LeftOut(name, level, lines))
        return found

    def rest(self) -> list[LeftOut]:
        """What was left out and not told yet, at the end."""
        return self.left_out(float("inf"))
