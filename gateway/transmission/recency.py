"""Stores the revision of a minute ago, for requests with `recently-active`. Pure."""

from collections import deque
from typing import Final

RECENT_S: Final = 60.0


class Recency:
    """Stores the revision at each request."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()
        self._since = 0

    def revision(self, current: int, now_s: float) -> int:
        """Returns the last stored revision that is older than a minute. 0 if there is no older revision.

        Args:
            current: the revision now.
            now_s: the time, in monotonic seconds.
        """
        while self._samples and self._samples[0][0] <= now_s - RECENT_S:
            self._since = self._samples.popleft()[1]
        if not self._samples or self._samples[-1][0] <= now_s - 1.0:
            self._samples.append((now_s, current))
        return self._since
