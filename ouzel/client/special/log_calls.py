"""Calls about the daemon's log: its recent lines, and the levels of its components."""

from collections.abc import Mapping

from ouzel.client.call import Call, call_of, whole
from protocol.wire.commands.service import log_commands
from protocol.wire.commands.service.log_commands import Component, LogLevel
from protocol.wire.envelope import Wait
from protocol.wire.log.log_results import LogLevels, LogPage


def get_log(
    *,
    after: int | None = None,
    limit: int = 200,
    level: LogLevel | None = None,
    component: Component | None = None,
    torrent: str | None = None,
    request: str | None = None,
    text: str | None = None,
    since_us: int | None = None,
    until_us: int | None = None,
) -> Call[LogPage]:
    """Returns recent lines of the log: the last matching lines, or the first matching lines after the line `after`.

    To follow the log, pass the `cursor` of each page as `after` of the next call.

    Args:
        after: the number of a line.
        limit: the maximum number of lines, up to 1000.
        level: the lowest level of a line.
        component: the component that has written the line.
        torrent: the id of the torrent that the line is about.
        request: the name of the request that has caused the line. Errors have the name, too.
        text: a text that occurs in the line.
        since_us, until_us: the time of the line in microseconds since 1970.
    """
    command = log_commands.GetLog(
        after=after,
        limit=limit,
        level=level,
        component=component,
        torrent=torrent,
        request=request or None,
        text=text,
        since_us=since_us,
        until_us=until_us,
    )
    return call_of(command, whole(LogPage))


def get_log_levels() -> Call[LogLevels]:
    """Returns the level of each component of the log, and who set each."""
    return call_of(log_commands.GetLogLevels(), whole(LogLevels))


def update_log_levels(levels: Mapping[Component, LogLevel | None], *, wait: Wait = "durable") -> Call[LogLevels]:
    """Sets the levels of components of the log until the daemon's next start. Returns all levels.

    Args:
        levels: the level of each component. None means the level in the configuration.
    """
    return call_of(log_commands.UpdateLogLevels(levels=dict(levels)), whole(LogLevels), wait)
