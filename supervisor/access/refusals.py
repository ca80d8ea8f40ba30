"""Rate limit of the log lines about rejected peers. Pure.

A rejected peer may retry a thousand times a second, and from many addresses. Each peer is logged at most once a minute,
with the number of rejections in between, and the number of peers is bounded.
"""

from typing import Final

AGAIN_S: Final = 60.0
"""The minimum interval between lines about the same subject and reason."""

SUBJECTS_MAX: Final = 100
"""The number of subjects that are distinguished in that time."""

OTHERS: Final = "others"
"""The subject of all further ones."""


class Refusals:
    """The recently logged rejections. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str], tuple[float, int]] = {}

    def log_entry(self, subject: str, reason: str, now: float) -> tuple[str, int] | None:
        """Whether to log a rejection: the subject, and the number of unlogged ones before it. None: do not log it.

        Args:
            subject: the rejected peer, an address or the name of a key.
            reason: one of a few.
        """
        self._expire(now)
        key = (subject, reason)
        if key not in self._told and len(self._told) >= SUBJECTS_MAX:
            key = (OTHERS, reason)
        since, untold = self._told.get(key, (None, 0))
        if since is not None and now - since < AGAIN_S:
            self._told[key] = (since, untold + 1)
            return None
        self._told.pop(key, None)
        self._told[key] = (now, 0)  # at the end: the dictionary is in the order of times
        return key[0], untold

    def _expire(self, now: float) -> None:
        """Removes entries that are older than the interval, with the count of unlogged rejections."""
        for key, (since, _) in list(self._told.items()):
            if now - since < 2 * AGAIN_S:
                return
            del self._told[key]
