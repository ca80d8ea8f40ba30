"""Which refusals of clients are worth a line in the log. Pure.

Whoever is refused may try again a thousand times a second, and from many addresses: each one is told once in a while,
with how often it happened since, and the number of lines has a bound of its own.
"""

from typing import Final

AGAIN_S: Final = 60.0
"""How long the same subject is not told again for the same reason."""

SUBJECTS_MAX: Final = 100
"""Subjects that are told apart in that time."""

OTHERS: Final = "others"
"""The subject of all beyond these."""


class Refusals:
    """Remembers what was told of late. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str], tuple[float, int]] = {}

    def tell(self, subject: str, reason: str, now: float) -> tuple[str, int] | None:
        """Whether a refusal is to be told: of whom, and how many were not told before it. None where it is not.

        Args:
            subject: who was refused, an address or the name of a key.
            reason: one of a few.
        """
        self._forget(now)
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

    def _forget(self, now: float) -> None:
        """Drops what is so old that it would be told again, with the count of those that were never told."""
        for key, (since, _) in list(self._told.items()):
            if now - since < 2 * AGAIN_S:
                return
            del self._told[key]
