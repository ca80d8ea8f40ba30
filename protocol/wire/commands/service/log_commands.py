"""The public commands about the daemon's log. A Struct's tag is the `op`."""

from typing import Annotated, Final, Literal

import msgspec

from protocol.wire import codec
from protocol.wire.commands.kinds import InstantRead, Mutation, PagedRead, TorrentId
from protocol.wire.envelope import RequestName

LINES_MAX: Final = 1000

Component = Literal["supervisor", "engine", "libtorrent"]
LogLevel = Literal["debug", "info", "warning", "error"]
Microseconds = Annotated[int, msgspec.Meta(ge=0, le=codec.MAX_INTEGER)]


class GetLog(PagedRead, frozen=True, kw_only=True, tag="get_log"):
    """Returns recent lines of the log. The daemon keeps the last 5,000 lines in memory, up to 2 MiB.

    Without `after`, the page has the last lines that match all given conditions. With `after`, the page has the first
    matching lines after that line. To follow the log, send the `cursor` of each page as `after` of the next request.

    The log names clients and their addresses. So a key with the role `read` may not use this command.

    Fields:
        after: the number of a line. Numbers begin at 1 with each start of the daemon.
        limit: the maximum number of lines in the page.
        level: the lowest level of a line.
        component: the component that has written the line.
        torrent: the torrent that the line is about.
        request: the name of the client's request that has caused the line.
        text: a text that occurs in the line. Upper and lower case differ.
        since_us, until_us: the time of the line in microseconds since 1970.
    """

    after: Microseconds | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=LINES_MAX)] = 200
    level: LogLevel | None = None
    component: Component | None = None
    torrent: TorrentId | None = None
    request: RequestName | None = None
    text: Annotated[str, msgspec.Meta(max_length=1000)] | None = None
    since_us: Microseconds | None = None
    until_us: Microseconds | None = None


class GetLogLevels(InstantRead, frozen=True, kw_only=True, tag="get_log_levels"):
    """Returns the level of each component of the log, and who set each."""


class UpdateLogLevels(Mutation, frozen=True, kw_only=True, tag="update_log_levels"):
    """Sets the levels of components of the log. Lines below the level of their component are not logged.

    The change applies at once, and until the daemon's next start. It is not stored. Other components are not changed.
    The level `debug` of `libtorrent` logs what libtorrent reports about the session and about torrents. libtorrent then
    logs at most 100 lines a second.

    Fields:
        levels: the level of each component. Null means the level in the configuration.
    """

    levels: dict[Component, LogLevel | None]
