"""`ouzel logs` shows lines of the daemon's log. `ouzel log-level` shows and sets the levels of its components."""

import os
import re
import time
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final

import msgspec
import typer
from rich.console import Group

from ouzel.cli.arguments import COMPLETE_ID, AsJson
from ouzel.cli.commands.daemon.journal import journalctl
from ouzel.cli.connecting import asking, client_of
from ouzel.cli.display.log_lines import log_line
from ouzel.cli.display.output import Output
from ouzel.cli.failure import print_line
from ouzel.cli.ids import resolve
from protocol.wire import codec
from protocol.wire.commands.service import log_commands
from protocol.wire.commands.service.log_commands import LINES_MAX
from protocol.wire.log.log_results import LogPage

Levels = dict[log_commands.Component, log_commands.LogLevel | None]

POLL_S: Final = 0.5
"""The interval of requests while the log is followed."""

LATEST_S: Final = float(codec.MAX_INTEGER // 1_000_000)
"""The latest time that a request can name, in seconds since 1970. It is in the year 2255."""

_AGO: Final = re.compile(r"(\d{1,9})(s|m|h|d)")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Level(StrEnum):
    """The levels of lines."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Component(StrEnum):
    """The components that write lines."""

    SUPERVISOR = "supervisor"
    ENGINE = "engine"
    LIBTORRENT = "libtorrent"


class NewLevel(StrEnum):
    """The levels that a component can get. `reset` removes the level that clients have set."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    RESET = "reset"


def logs(
    context: typer.Context,
    torrent: Annotated[
        str | None, typer.Option(metavar="ID", help="Only lines about this torrent.", autocompletion=COMPLETE_ID)
    ] = None,
    component: Annotated[Component | None, typer.Option(help="Only lines of this component.")] = None,
    level: Annotated[Level | None, typer.Option(help="Only lines of this level and above.")] = None,
    request: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only lines that this request has caused. Errors name it.")
    ] = None,
    grep: Annotated[str | None, typer.Option(metavar="TEXT", help="Only lines in which this text occurs.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Only later lines: 10m, 2h, 1d, or 2026-01-31T22:00.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Only earlier lines.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Show new lines as they come.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", help="The number of lines.", min=1, max=LINES_MAX)] = 200,
    journal: Annotated[
        bool, typer.Option("--journal", help="Read systemd's journal, which has older lines, too.")
    ] = False,
    unit: Annotated[str, typer.Option(help="With --journal: the unit of the daemon.")] = "ouzel.service",
    as_json: AsJson = False,
) -> None:
    """Show the daemon's log: the last 5,000 lines, which the daemon keeps in memory.

    The log also works over tcp, with a key of the role `admin`.
    """
    now = time.time()
    since_s, until_s = _time(since, now, "--since"), _time(until, now, "--until")
    if journal:
        words = [*filter(None, (torrent, request, grep)), *([f"source={component}"] if _named(component) else [])]
        argv = journalctl(
            unit=unit,
            words=words,
            level=level,
            since=None if since_s is None else f"{since_s:.6f}",
            until=None if until_s is None else f"{until_s:.6f}",
            lines=lines,
            follow=follow,
            as_json=as_json,
        )
        try:
            os.execvp(argv[0], argv)  # noqa: S606  # journalctl takes over, with its pager and Ctrl-C
        except OSError as error:
            raise typer.BadParameter(f"journalctl: {error.strerror}", param_hint="--journal") from None
    output = Output(as_json=as_json)
    with client_of(context) as client:
        about = None if torrent is None else resolve(client, [torrent])[0]

        def page(after: int | None, limit: int) -> LogPage:
            return client.get_log(
                after=after,
                limit=limit,
                level=None if level is None else level.value,
                component=None if component is None else component.value,
                torrent=about,
                request=request,
                text=grep,
                since_us=None if since_s is None else int(since_s * 1_000_000),
                until_us=None if until_s is None else int(until_s * 1_000_000),
            )

        _show(output, page(None, lines), page, follow=follow)


def _show(output: Output, found: LogPage, page: Callable[[int | None, int], LogPage], *, follow: bool) -> None:
    """Shows a page, and all later pages if the log is followed."""
    while True:
        if found.dropped:
            print_line(f"{found.dropped} lines are missing here: they were dropped before they were read")
        for row in found.lines:
            if output.as_json:
                output.json_line(row)
            else:
                output.line(log_line(row))
        if not follow:
            return
        if not found.more:
            output.check_reader()
            time.sleep(POLL_S)
        found = page(found.cursor, LINES_MAX)


def log_level(
    context: typer.Context,
    component: Annotated[
        Component | None, typer.Argument(metavar="[COMPONENT]", help="supervisor, engine or libtorrent.")
    ] = None,
    level: Annotated[
        NewLevel | None,
        typer.Argument(metavar="[LEVEL]", help="debug, info, warning or error; reset is the configured level."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the level of each component of the log, or set one until the daemon's next start.

    With `libtorrent debug`, the log has libtorrent's own messages, up to 100 a second.
    """
    if component is not None and level is None:
        raise typer.BadParameter("give a level, too, or no component", param_hint="LEVEL")
    with asking(context) as client:
        if component is None or level is None:
            found = client.get_log_levels()
        else:
            wanted = {component.value: None if level is NewLevel.RESET else level.value}
            found = client.update_log_levels(msgspec.convert(wanted, Levels), wait="applied")
    rows = [f"{name:<11} {each.level:<8} {each.source}" for name, each in found.levels.items()]
    Output(as_json=as_json).show(found, lambda: Group(*rows))


def _named(component: Component | None) -> bool:
    """Whether the lines of a component have the field `source` in the journal."""
    return component in (Component.ENGINE, Component.LIBTORRENT)


def _time(text: str | None, now: float, option: str) -> float | None:
    """Parses a local time, or a duration before now. Returns seconds since 1970."""
    if text is None:
        return None
    if ago := _AGO.fullmatch(text):
        return max(0.0, now - int(ago[1]) * _SECONDS[ago[2]])
    try:
        return min(max(0.0, datetime.fromisoformat(text).timestamp()), LATEST_S)
    except (ValueError, OverflowError):
        problem = f"{text!r} is no time such as 10m, 2h, 1d or 2026-01-31T22:00"
        raise typer.BadParameter(problem, param_hint=option) from None
