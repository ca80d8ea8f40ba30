"""Token buckets for log lines, by name. With them, lines about thousands of torrents do not displace other lines. Pure.

Ten thousand torrents may be added, or fail, at the same time. Their lines would fill the log's queue. The lines would
also exceed journald's limit of 10,000 lines in 30 s for one service. Then lines of any name could be lost. So each name
of a line has a token bucket. Without a token, a line is not written, and the number of such lines is logged.
"""

from typing import Final, NamedTuple

from supervisor.pacing.token_bucket import TokenBucket

BURST: Final = 500
"""The burst of lines of one name."""

PER_S: Final = 10.0
"""The steady rate of lines of one name."""

TELL_S: Final = 10.0
"""The interval at which counts of omitted lines are logged."""


class LeftOut(NamedTuple):
    """The number of omitted lines of one name. `level` is the level of the last omitted line."""

    of: str
    level: str
    lines: int


class LineBudget:
    """The token buckets, by name. Times are monotonic seconds.

    Args:
        burst: the size of each bucket.
        per_s: the rate of each bucket, in tokens a second.
    """

    def __init__(self, *, burst: int = BURST, per_s: float = PER_S) -> None:
        self._burst = burst
        self._per_s = per_s
        self._buckets: dict[str, TokenBucket] = {}
        self._left_out: dict[str, tuple[str, int, float]] = {}
        """By name of the lines: the level and the count of omitted lines, and the time when counting began."""

    def spend_token(self, name: str, level: str, now: float) -> bool:
        """Whether a line of this name may be written. If not, the line is counted."""
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = TokenBucket(self._burst, self._per_s, now)
        if bucket.take(now):
            return True
        _, lines, since = self._left_out.get(name, (level, 0, now))
        self._left_out[name] = level, lines + 1, since
        return False

    def left_out(self, now: float) -> list[LeftOut]:
        """Returns the counts that are due to be logged. Call `left_out` every second."""
        due = [name for name, (_, _, since) in self._left_out.items() if now - since >= TELL_S]
        found = []
        for name in due:
            level, lines, _ = self._left_out.pop(name)
            found.append(LeftOut(name, level, lines))
        return found

    def rest(self) -> list[LeftOut]:
        """Returns the remaining counts. Call `rest` at the end."""
        return self.left_out(float("inf"))
