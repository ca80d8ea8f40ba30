"""Rate limit of the log lines about rejected peers. Pure.

A rejected peer may retry a thousand times a second, and from many addresses. Each peer is logged at most once a minute.
The line has the number of rejections since the last line. The number of remembered peers is bounded.
"""

from typing import Final

AGAIN_S: Final = 60.0
"""The minimum interval between lines about the same subject and reason."""

SUBJECTS_MAX: Final = 100
"""The number of subjects that are remembered at the same time."""

OTHERS: Final = "others"
"""The common subject of all rejected peers beyond SUBJECTS_MAX."""


class Refusals:
    """The recently logged rejections. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str], tuple[float, int]] = {}

    def log_entry(self, subject: str, reason: str, now: float) -> tuple[str, int] | None:
        """Records a rejection, and decides whether the rejection is logged.

        Args:
            subject: the rejected peer. It is an address or the name of a key.
            reason: why the peer was rejected; there are few reasons.

        Returns:
            The subject to log, and the number of earlier rejections without a line. None if this rejection is not
            logged.
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
        self._told[key] = (now, 0)  # inserted at the end, so that the dictionary is sorted by time
        return key[0], untold

    def _expire(self, now: float) -> None:
        """Removes entries that are older than twice the interval.

        The rejections that these entries have counted are never logged.
        """
        for key, (since, _) in list(self._told.items()):
            if now - since < 2 * AGAIN_S:
                return
            del self._told[key]
