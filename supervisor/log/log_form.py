"""The form of the log's lines.

Lines are for people or JSON. The form has a minimum level, and adds a priority prefix for journald.

Names and texts are untrusted. In both forms, they cannot control a terminal or change the direction of text. Names and
texts also cannot end the line or look like another field.
"""

import json
import logging
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, Literal

import msgspec
import structlog
from structlog.typing import EventDict, Processor

from protocol.text.redacted import redacted_text
from protocol.text.scrub import scrub
from protocol.wire.commands.service.log_commands import Component
from supervisor.log.log_levels import Levels
from supervisor.log.log_ring import LogRing
from supervisor.log.request_id import REQUEST
from supervisor.log.short_name import short_name
from supervisor.log.standard_error import STDERR, printable

FORMATS: Final = ("auto", "console", "json")
LEVELS: Final = ("debug", "info", "warning", "error")

Format = Literal["auto", "console", "json"]
Level = Literal["debug", "info", "warning", "error"]

_BLOCKS: Final = ("exception", "stack")
"""Fields with several lines, which are shown to people as blocks."""

_OURS: Final = frozenset({"event", "level", "timestamp"})
"""Fields that the renderer for people does not show as `name=value`."""

_OF_ROWS: Final = _OURS | {"source"}
"""Fields that a row of the ring has as members of its own."""

_AMBIGUOUS: Final = re.compile(r"[\s=\"]|^$")
"""Matches values that would be ambiguous in `name=value`. Such a value is empty, or has white space, `=` or a quote."""

_PRIORITIES: Final = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
"""By level: the priority of syslog(3) in the prefix of a line. See sd-daemon(3)."""


class _AsIs:
    """A value that the renderer shows without quotes."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


class Destination(Enum):
    """The kind of destination of standard error."""

    TERMINAL = "terminal"
    JOURNAL = "journal"
    ELSEWHERE = "elsewhere"


def destination(environ: Mapping[str, str]) -> Destination:
    """Returns the destination of standard error. `JOURNAL_STREAM` identifies journald's socket. See systemd.exec(5)."""
    try:
        status = os.fstat(STDERR)
    except OSError:
        return Destination.ELSEWHERE
    if environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}":
        return Destination.JOURNAL
    return Destination.TERMINAL if os.isatty(STDERR) else Destination.ELSEWHERE


class Form:
    """The form of lines. It can change while the process runs.

    Args:
        goes_to: the destination of the log.

    Fields:
        levels: the levels of the log's components.
        ring: the last lines, which clients can read.
        name_of: returns the name of a torrent by its id. None if the name is unknown.
        request_of: returns the id of a torrent's unconfirmed request.
    """

    def __init__(self, goes_to: Destination) -> None:
        self._goes_to = goes_to
        self.levels = Levels()
        self.ring = LogRing()
        self.name_of: Callable[[str], str | None] = lambda _: None
        self.request_of: Callable[[str], str | None] = lambda _: None
        self._steps: Sequence[Processor] = ()
        self._renderer: Callable[[EventDict], Any] = _json
        self.follow("auto", "info")

    def follow(
        self, wanted: Format, level: Level, components: Mapping[Component, Level] = MappingProxyType({})
    ) -> None:
        """Changes the form of later lines.

        Args:
            wanted: `auto` is for people on a terminal and in the journal, and JSON elsewhere.
            level: lines below this level are not logged.
            components: levels of single components. They override `level`.
        """
        for_people = wanted == "console" or (wanted == "auto" and self._goes_to is not Destination.ELSEWHERE)
        self.levels.follow(level, components)
        self._steps, self._renderer = self._steps_of(for_people=for_people)

    def render(self, logger: Any, level: str, fields: EventDict) -> str:
        """Formats a line, without the line end. Calls all processors itself, because no processor may fail.

        Raises:
            structlog.DropEvent: the line is below the minimum level.
        """
        component = str(fields.get("source", "supervisor"))
        if logging.getLevelNamesMapping().get(level.upper(), logging.ERROR) < self.levels.number(component):
            raise structlog.DropEvent
        event, line = fields.get("event"), fields
        try:
            for step in self._steps:
                line = step(logger, level, line)  # type: ignore[assignment]  # all of them return fields
            self._keep(level, component, line)
            return self.marked(str(self._renderer(line)), level)
        except Exception as error:  # noqa: BLE001  # a field that cannot be shown must not break the caller
            shown = {"event": "log_line_not_made", "of": f"{event!s:.200}", "problem": type(error).__name__}
            return self.marked(_json(shown), level)

    def _keep(self, level: str, component: str, line: EventDict) -> None:
        """Adds a line to the ring. A tracker's URL in any field is redacted."""
        fields: dict[str, Any] = msgspec.json.decode(redacted_text(_json(line)))
        event = str(fields.get("event"))
        shown = {name: value for name, value in fields.items() if name not in _OF_ROWS}
        self.ring.put(level, component, event, shown, time.time_ns() // 1000)

    def marked(self, text: str, level: str) -> str:
        """If journald reads the log, adds the priority prefix to each line of a text. In journald, each line is an
        entry.
        """
        if self._goes_to is not Destination.JOURNAL:
            return text
        mark = f"<{_PRIORITIES.get(level, 3)}>"
        return "\n".join(mark + line for line in text.split("\n"))

    def notice(self, count: int) -> bytes:
        """The line that replaces dropped lines."""
        line = self._told("warning", {"event": "log_lines_lost", "lines": count})
        return line.encode("utf-8", "backslashreplace") + b"\n"

    def _told(self, level: str, fields: EventDict) -> str:
        try:
            return self.render(None, level, fields)
        except structlog.DropEvent:  # the dropped lines may have had a higher level
            return self.marked(_json(fields), level)

    def _steps_of(self, *, for_people: bool) -> tuple[Sequence[Processor], Callable[[EventDict], Any]]:
        """Returns the functions that complete the fields of a line, and the function that formats the fields."""
        terminal = self._goes_to is Destination.TERMINAL
        steps: list[Processor] = [structlog.contextvars.merge_contextvars, structlog.processors.add_log_level]
        if not for_people or self._goes_to is not Destination.JOURNAL:  # the journal has the time of each entry
            steps.append(structlog.processors.TimeStamper(fmt="iso", utc=not (terminal and for_people)))
        steps += [
            self._with_request,
            self._named,
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
        ]
        if not for_people:
            return steps, _json
        console = structlog.dev.ConsoleRenderer(
            colors=terminal,
            sort_keys=False,
            pad_event_to=0,
            exception_formatter=structlog.dev.plain_traceback,
        )
        return steps, lambda fields: console(None, "", _for_people(fields))

    def _with_request(self, _: Any, __: str, fields: EventDict) -> EventDict:
        """Adds the id of the client's request: the request of the current task, or of the line's torrent."""
        if "request" in fields:
            return fields
        request: str | None = REQUEST.get()
        if not request and isinstance(torrent := fields.get("torrent"), str):
            request = self.request_of(torrent)
        return {**fields, "request": request} if request else fields

    def _named(self, _: Any, __: str, fields: EventDict) -> EventDict:
        """Adds the name of the line's torrent after its id."""
        torrent = fields.get("torrent")
        if not isinstance(torrent, str) or "name" in fields:
            return fields
        name = self.name_of(torrent)
        if not name:
            return fields
        named: EventDict = {}
        for key, value in fields.items():
            named[key] = value
            if key == "torrent":
                named["name"] = short_name(name)
        return named


def _for_people(fields: EventDict) -> EventDict:
    return {printable(str(key)): _shown(key, value) for key, value in fields.items()}


def _shown(key: str, value: Any) -> Any:
    match value:
        case None | bool() | int() | float():
            return value
        case str() if key in _BLOCKS:
            return "\n".join(printable(line) for line in value.splitlines())
        case str() if key in _OURS:
            return printable(value)
        case str() if _AMBIGUOUS.search(value):
            quoted = value.replace("\\", "\\\\").replace('"', '\\"')
            return _AsIs(f'"{printable(quoted)}"')
        case str():
            return _AsIs(printable(value))
        case _:
            return _AsIs(printable(repr(value)))


def _json(value: object, **_: object) -> str:
    """Encodes a value as a JSON line. Invalid characters become question marks, because `_json` must not raise."""
    try:
        line = msgspec.json.encode(value, enc_hook=str).decode()
    except (UnicodeEncodeError, OverflowError):  # no text, or an integer of more than 64 bits
        line = scrub(json.dumps(value, ensure_ascii=False, default=str))
    if line.isprintable():
        return line
    # Outside of strings, JSON is printable ASCII.
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in line)
