"""The rounds of a running session: compares torrents with their desired state, and retries failed reads."""

from typing import Final

from engine_proc.session_commands import SessionCommands
from engine_proc.torrents.dispatch import Dispatcher
from engine_proc.torrents.state.audit import CYCLE_S, AuditSchedule

READ_AGAIN_S: Final = 2.0
"""The delay before the engine again reads data that could not be read."""


class Rounds:
    """Makes the periodic checks of one session. Times are monotonic seconds that the caller passes."""

    def __init__(self, dispatcher: Dispatcher, commands: SessionCommands, now: float) -> None:
        self._dispatcher = dispatcher
        self._commands = commands
        self._audit = AuditSchedule()
        self._next_census = now + CYCLE_S
        self._next_reading = now

    def watch(self, torrent: str) -> None:
        """Adds a torrent that was added to the session."""
        self._audit.watch(torrent)

    def discard(self, torrent: str) -> None:
        """Removes a torrent that has left the session."""
        self._audit.discard(torrent)

    def make(self, now: float, *, busy: bool) -> None:
        """Does what is due.

        Args:
            busy: whether commands are queued. If so, no torrent is compared.
        """
        if now >= self._next_reading:
            self._next_reading = now + READ_AGAIN_S
            self._dispatcher.read_again()
        if busy:
            return
        for torrent in self._audit.due(now):
            self._dispatcher.audit(torrent)
        if now >= self._next_census:
            self._next_census = now + CYCLE_S
            self._commands.remove_undesired()
