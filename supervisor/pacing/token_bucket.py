"""A token bucket: so many at once, and so many a second in the long run. Pure."""


class TokenBucket:
    """Tokens, fewer than none where some are owed. Times are monotonic seconds.

    Args:
        burst: how many there are at first, and at the most.
        per_s: how many are added in a second.
    """

    __slots__ = ("_at", "_burst", "_left", "_per_s")

    def __init__(self, burst: float, per_s: float, now: float) -> None:
        self._burst = burst
        self._per_s = per_s
        self._left = burst
        self._at = now

    def left(self, now: float) -> float:
        """How many tokens there are by now."""
        self._left = min(self._burst, self._left + (now - self._at) * self._per_s)
        self._at = now
        return self._left

    def take(self, now: float) -> bool:
        """Takes a token where there is one. Returns whether there was."""
        if self.left(now) < 1:
            return False
        self._left -= 1
        return True

    def owe(self, now: float) -> float:
        """Takes a token whether or not there is one. Returns how many it lacked: 0.0 where there was one."""
        lacking = max(0.0, 1 - self.left(now))
        self._left -= 1
        return lacking
