"""The log: readable lines on a terminal, one JSON object a line anywhere else, on stderr. It never waits or raises."""

import atexit
import json
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import msgspec
import structlog
from structlog.typing import EventDict, Processor

from protocol import standard_streams
from protocol.redacted import redacted_text
from supervisor import standard_error
from supervisor.log_writer import LogWriter
from supervisor.standard_error import LogStream, printable

_RESERVED: Final = frozenset({"self", "level", "event", "exc_info", "stack_info"})
"""Names that mean something to structlog itself."""

_BLOCKS: Final = ("exception", "stack")
"""Fields of several lines, which are shown as such on a terminal."""

Logger = structlog.typing.FilteringBoundLogger

Put = Callable[[bytes], None]


def begin() -> LogWriter:
    """Makes standard error the log of this process. To be called before anything is opened.

    At the end of the interpreter the last lines are waited for, if they come through.
    """
    standard_streams.fill()
    # A terminal may be set to stop whoever writes to it in the background.
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    writer = LogWriter(standard_error.take_over(), partial(_notice, _rendering(terminal=on_terminal())))
    sys.stderr = LogStream(writer.put)
    atexit.register(writer.flush)
    return writer


def configure(level: str, put: Put, *, terminal: bool | None = None) -> None:
    """Sets structlog up for the whole process, and the standard library's logging and warnings with it.

    Args:
        level: debug, info, warning or error.
        put: is given each line.
        terminal: whether people read it; None to look.
    """
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[_rendering(terminal=on_terminal() if terminal is None else terminal)],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=partial(_Lines, put),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_StandardHandler()], level=max(threshold, logging.WARNING), force=True)
    logging.captureWarnings(True)


def on_terminal() -> bool:
    """Whether the log goes to a terminal, and that is still there."""
    return LogStream(lambda _: None).isatty()


def relay(log: Logger, line: bytes) -> None:
    """Logs a line that the engine wrote: its JSON as fields, anything else as it is."""
    try:
        fields: Any = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        log.warning("engine_output", line=line.decode("utf-8", "replace"))
        return
    level = logging.getLevelNamesMapping().get(str(fields.pop("level", "info")).upper(), logging.INFO)
    event = str(fields.pop("event", "engine"))
    log.log(level, event, **{f"{key}_" if key in _RESERVED else str(key): value for key, value in fields.items()})


class _Lines:
    """What structlog gives its lines to, whatever their level."""

    def __init__(self, put: Put, *_: object) -> None:
        self._put = put

    def msg(self, line: str) -> None:
        line = redacted_text(line)  # whatever it is that tells of a tracker, its passkey is nobody's business
        self._put(line.encode("utf-8", "backslashreplace") + b"\n")

    debug = info = warning = error = critical = exception = fatal = warn = log = msg


class _StandardHandler(logging.Handler):
    """Logs what asyncio and other libraries tell the standard library's logging."""

    def emit(self, record: logging.LogRecord) -> None:
        log: Logger = structlog.get_logger()
        try:
            log.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info)
        except Exception as error:  # noqa: BLE001  # a message that cannot be formatted must not end what it tells of
            log.error("log_line_not_made", logger=record.name, problem=repr(error))


def _notice(rendering: Processor, count: int) -> bytes:
    """The line that stands where others are missing."""
    line = rendering(None, "warning", {"event": "log_lines_lost", "lines": count})
    return str(line).encode("utf-8", "backslashreplace") + b"\n"


def _rendering(*, terminal: bool) -> Processor:
    """Makes a line of an event, all steps in one, since none of them may fail."""
    steps: Sequence[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=not terminal),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        *(
            [_for_people, structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
            if terminal
            else [structlog.processors.JSONRenderer(serializer=_json)]
        ),
    ]

    def render(logger: Any, name: str, fields: EventDict) -> str:
        event, line = fields.get("event"), fields
        try:
            for step in steps:
                line = step(logger, name, line)  # type: ignore[assignment]  # the last one gives a string
            return str(line)
        except Exception as error:  # noqa: BLE001  # a field that cannot be shown must not end what it tells of
            return _json({"event": "log_line_not_made", "of": f"{event!s:.200}", "problem": type(error).__name__})

    return render


def _for_people(_: Any, __: str, fields: EventDict) -> EventDict:
    """Names and texts come from torrents and peers, too: none of it may steer a terminal."""
    return {printable(str(key)): _shown(key, value) for key, value in fields.items()}


def _shown(key: str, value: Any) -> Any:
    match value:
        case None | bool() | int() | float():
            return value
        case str() if key in _BLOCKS:
            return "\n".join(printable(line) for line in value.splitlines())
        case str():
            return printable(value)
        case _:
            return printable(repr(value))


def _json(value: object, **_: object) -> str:
    """A line, with a question mark for each part of a name that is no text: such must not end the service."""
    try:
        line = msgspec.json.encode(value, enc_hook=str).decode()
    except (UnicodeEncodeError, OverflowError):  # no text, or an integer of more than 64 bits
        line = json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "replace").decode()
    if line.isprintable():
        return line
    # Outside of its strings there is nothing but printable ASCII.
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in line)
