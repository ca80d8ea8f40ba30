"""The levels of the log's components. Lines below the level of their component are not logged. Pure.

A client's level overrides the configuration until the next start of the daemon.
"""

import logging
from collections.abc import Mapping
from typing import Final, Literal, get_args

from protocol.wire.commands.service.log_commands import Component, LogLevel
from protocol.wire.log.log_results import LogLevelReport, LogLevels

COMPONENTS: Final[tuple[Component, ...]] = get_args(Component)

LIBTORRENT: Final = "libtorrent"
"""The component that always has its own level. If all other components log `debug`, libtorrent must not flood the log.
"""


class Levels:
    """The levels in force.

    Fields:
        of_command_line: a level that overrides the configured level of all components. None for none.
    """

    def __init__(self) -> None:
        self.of_command_line: LogLevel | None = None
        self._configured: tuple[LogLevel, Mapping[Component, LogLevel]] = "info", {}
        self._of_clients: dict[Component, LogLevel] = {}
        self._numbers: dict[str, int] = {}
        self._renew()

    def follow(self, level: LogLevel, components: Mapping[Component, LogLevel]) -> None:
        """Applies a configuration: the level of all components, and the levels of single components."""
        self._configured = level, components
        self._renew()

    def update(self, levels: Mapping[Component, LogLevel | None]) -> None:
        """Applies a client's change. None removes the client's level of a component."""
        for component, level in levels.items():
            if level is None:
                self._of_clients.pop(component, None)
            else:
                self._of_clients[component] = level
        self._renew()

    def number(self, component: str) -> int:
        """Returns the lowest level that is logged, as a number of the standard library."""
        return self._numbers.get(component, self._numbers["supervisor"])

    def report(self) -> LogLevels:
        """Returns the level of each component, and who set each."""
        return LogLevels(levels={each: self._report(each) for each in COMPONENTS})

    def _report(self, component: Component) -> LogLevelReport:
        level, components = self._configured
        source: Literal["default", "file", "client"] = "file"
        if component in self._of_clients:
            level, source = self._of_clients[component], "client"
        elif component in components:
            level = components[component]
        elif component == LIBTORRENT:
            level, source = "info", "default"
        else:
            level = self.of_command_line or level
            source = "default" if level == "info" else "file"
        return LogLevelReport(level=level, source=source)

    def _renew(self) -> None:
        names = logging.getLevelNamesMapping()
        self._numbers = {each: names[self._report(each).level.upper()] for each in COMPONENTS}
