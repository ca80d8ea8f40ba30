"""The queue of engine commands. New sources are validated before earlier torrents are loaded. Pure.

An add is acknowledged once its source is valid and its record is durable. The torrent is loaded after that. If
thousands of torrents are added at the same time, a load would delay the replies to later adds. A validation depends on
the settings and on no torrent. So a validation overtakes all commands except `Configure`. All other commands keep their
order.
"""

from collections import deque
from collections.abc import Iterable
from typing import Final

from protocol.internal.link_commands import Configure, EngineCommand
from protocol.internal.link_queries import InspectSource

AHEAD_MAX: Final = 10_000
"""The number of waiting commands up to which sources go first. Above it, both kinds take turns."""

AHEAD_BYTES_MAX: Final = 16 * 1024 * 1024
"""The maximum size of the .torrent files that go first. The engine keeps the parsed files until they are loaded."""


class CommandQueue:
    """The commands that the engine has received and not executed yet."""

    def __init__(self) -> None:
        self._sources: deque[InspectSource] = deque()
        self._others: deque[EngineCommand] = deque()
        self._configures = 0
        """The number of `Configure` in `_others`."""
        self._ahead_bytes = 0
        self._source_is_next = True
        """Whether a source is next, while both kinds take turns."""

    def __len__(self) -> int:
        return len(self._sources) + len(self._others)

    def extend(self, commands: Iterable[EngineCommand]) -> None:
        """Adds commands."""
        for command in commands:
            if isinstance(command, InspectSource):
                self._sources.append(command)
            else:
                self._others.append(command)
                self._configures += isinstance(command, Configure)

    def first(self) -> EngineCommand | None:
        """The oldest command that keeps its order; None without one."""
        return self._others[0] if self._others else None

    def pop(self) -> EngineCommand:
        """Removes and returns the next command. Raises IndexError if the queue is empty."""
        if not self._others:
            return self._sources.popleft()
        if self._sources and self._goes_first():
            source = self._sources.popleft()
            self._ahead_bytes += len(source.metainfo or b"")
            return source
        command = self._others.popleft()
        self._configures -= isinstance(command, Configure)
        if not self._others:
            self._ahead_bytes = 0
        return command

    def _goes_first(self) -> bool:
        """Whether the next command is a source, while commands of both kinds wait."""
        if self._configures:
            return False
        if len(self._others) <= AHEAD_MAX and self._ahead_bytes <= AHEAD_BYTES_MAX:
            return True
        turn, self._source_is_next = self._source_is_next, not self._source_is_next
        return turn
