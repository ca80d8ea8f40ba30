"""Decides when libtorrent is asked for changed torrents: seldom while thousands are being added. Pure."""

from typing import Final

BUSY_S: Final = 0.1
IDLE_S: Final = 0.5
JOIN_S: Final = 0.02
"""A request is made early by up to this time, if that saves a wake-up."""
RESTORING_S: Final = 4.0
"""The interval of requests for updates while thousands of torrents are being added."""
CALM_S: Final = 0.1
"""The delay from the last command, or the last added torrent, until a restore counts as over."""


class UpdateSchedule:
    """Schedules requests for status updates. Times are monotonic seconds that the caller passes.

    Fields:
        busy: whether the last answer had changes, or a command was executed after that answer.
    """

    def __init__(self, now: float) -> None:
        self.busy = False
        self._next = now
        self._asked_at = now
        self._many_at = now - CALM_S

    @property
    def calm_from(self) -> float:
        """The time at which the burst of commands ends, if no command arrives before."""
        return self._many_at + CALM_S

    def hold_back(self, now: float) -> None:
        """Notes that commands are queued, or that many torrents are being added."""
        self._many_at = now

    def hurry(self, now: float) -> None:
        """Requests an update soon, because a part of the engine waits for the result."""
        self._next = now

    def join(self, now: float) -> None:
        """If the session is idle and a request is almost due, makes the request due now. Call `join` when the process
        is awake.
        """
        if not self.busy and self._next - now < JOIN_S:
            self._next = min(self._next, now)

    def due(self, now: float) -> bool:
        """Whether to request an update now. If the result is True, the update counts as requested."""
        if now < self._next:
            return False
        self._next = now + (BUSY_S if self.busy else IDLE_S)
        # The last of many torrents are still being added, and a request for the rows of all would delay them.
        if now < self.calm_from and now - self._asked_at < RESTORING_S:
            return False
        self._asked_at = now
        return True

    def next_due(self) -> float:
        """The time at which `due` may return True."""
        return self._next
