"""The results of the commands about the log."""

from typing import Any, Literal

import msgspec


class LogRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the log.

    Fields:
        number: the line's number. Numbers begin at 1 with each start of the daemon.
        time_us: the time of the line, microseconds since 1970.
        level: `debug`, `info`, `warning`, `error` or `critical`.
        component: `supervisor`, `engine` or `libtorrent`.
        event: the name of the line. docs/log.md lists the names.
        fields: the other fields of the line, such as `torrent` and `request`.
    """

    number: int
    time_us: int
    level: str
    component: str
    event: str
    fields: dict[str, Any] = {}


class LogPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the log.

    Fields:
        lines: the lines in the order of their numbers.
        cursor: the value of `after` for the request of the next page.
        more: whether there may be more lines after the page now.
        dropped: the number of lines after `after` that are no longer in memory.
    """

    lines: list[LogRow]
    cursor: int
    more: bool
    dropped: int = 0


class LogLevelReport(msgspec.Struct, frozen=True, kw_only=True):
    """The level of one component.

    Fields:
        level: lines below this level are not logged.
        source: who set the level: `default`, `file` (the configuration or the command line), or `client`.
    """

    level: str
    source: Literal["default", "file", "client"]


class LogLevels(msgspec.Struct, frozen=True, kw_only=True):
    """The levels of the log.

    Fields:
        levels: the level of each component, by name.
    """

    levels: dict[str, LogLevelReport]
