"""Applies deadlines of parts of files.

If a torrent is not loaded or its files are unknown, its deadlines are applied later.
"""

from collections.abc import Callable
from typing import Final

from engine_proc.session.session_port import LibtSession
from engine_proc.torrents.torrent_faults import faults_are_the_torrents
from protocol.internal.link_commands import SetDeadline

KEPT: Final = 1000
"""The maximum number of kept deadlines. Beyond this number, the oldest are dropped."""


class Deadlines:
    """Stores and applies the deadlines of one session's torrents.

    Args:
        session: the session.
        on_fault: called with the torrent and the problem if a call of libtorrent fails.
        clock: returns monotonic seconds.
    """

    def __init__(self, session: LibtSession, on_fault: Callable[[str, str], None], clock: Callable[[], float]) -> None:
        self._session = session
        self._on_fault = on_fault
        self._clock = clock
        self._kept: list[tuple[float, SetDeadline]] = []

    @faults_are_the_torrents
    def want(self, command: SetDeadline) -> None:
        """Applies a deadline, and keeps it."""
        now = self._clock()
        kept = [each for each in self._kept if each[0] > now]
        self._kept = [*kept, (now + command.due_in_ms / 1000, command)][-KEPT:]
        if command.torrent in self._session.torrents():
            self._apply(command, command.due_in_ms)

    @faults_are_the_torrents
    def renew(self, torrent: str) -> None:
        """Applies a torrent's deadlines again. Called once the torrent was added, or its files have become known."""
        now = self._clock()
        for due, command in self._kept:
            if command.torrent == torrent and due > now and torrent in self._session.torrents():
                self._apply(command, int((due - now) * 1000))

    def _apply(self, command: SetDeadline, due_in_ms: int) -> None:
        self._session.set_deadline(command.torrent, command.file, command.offset, command.length, due_in_ms)

    def faulted(self, torrent: str, problem: str) -> None:
        """Passes on that a call of libtorrent about a torrent failed."""
        self._on_fault(torrent, problem)

    def await_rules(self, torrent: str) -> None:
        """Does nothing, because deadlines need no selection."""
