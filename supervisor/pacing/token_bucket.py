"""A token bucket: a rate limit with a burst and a steady rate. Pure."""


class TokenBucket:
    """A token bucket. The number of tokens may become negative. Times are monotonic seconds.

    Args:
        burst: the initial and the maximum number of tokens.
        per_s: the number of tokens that are added in a second.
    """

    __slots__ = ("_at", "_burst", "_left", "_per_s")

    def __init__(self, burst: float, per_s: float, now: float) -> None:
        self._burst = burst
        self._per_s = per_s
        self._left = burst
        self._at = now

    def left(self, now: float) -> float:
        """The number of tokens now. The number is negative if more tokens were taken than there were."""
        self._left = min(self._burst, self._left + (now - self._at) * self._per_s)
        self._at = now
        return self._left

    def take(self, now: float) -> bool:
        """Takes a token. Returns False, and takes nothing, if there is no token."""
        if self.left(now) < 1:
            return False
        self._left -= 1
        return True

    def owe(self, now: float) -> float:
        """Takes a token even if there is no token.

        Returns the number of missing tokens, or 0.0 if a token was there.
        """
        lacking = max(0.0, 1 - self.left(now))
        self._left -= 1
        return lacking
