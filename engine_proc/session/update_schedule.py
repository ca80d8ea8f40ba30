"""When libtorrent is asked which torrents have changed: seldom while thousands are on their way. Pure."""

from typing import Final

BUSY_S: Final = 0.1
IDLE_S: Final = 0.5
RESTORING_S: Final = 4.0
"""While thousands are added, what each does on the way is not asked for more often."""
CALM_S: Final = 0.1
"""For so long no command has come, and no torrent is on its way, before that counts as over."""


class UpdateSchedule:
    """Times are monotonic seconds, given by the caller.

    Fields:
        busy: the last answer had changes, or a command was carried out since.
    """

    def __init__(self, now: float) -> None:
        self.busy = False
        self._next = now
        self._asked_at = now
        self._many_at = now - CALM_S

    @property
    def calm_from(self) -> float:
        """When commands do not come in numbers any more, if none comes from now on."""
        return self._many_at + CALM_S

    def hold_back(self, now: float) -> None:
        """Commands wait, or many torrents are on their way."""
        self._many_at = now

    def hurry(self, now: float) -> None:
        """An answer is awaited."""
        self._next = now

    def due(self, now: float) -> bool:
        """Whether to ask now; it counts as asked."""
        if now < self._next:
            return False
        self._next = now + (BUSY_S if self.busy else IDLE_S)
        # The last of many are still on their way for a moment, and would wait for the rows of all.
        if now < self.calm_from and now - self._asked_at < RESTORING_S:
            return False
        self._asked_at = now
        return True

    def next_due(self) -> float:
        """When `due` may say yes."""
        return self._next
