"""Sets up the log on stderr. Lines are for people on a terminal and in the journal, and JSON elsewhere."""

import atexit
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import msgspec
import structlog

from protocol.host import standard_streams
from protocol.text.redacted import redacted_text
from supervisor.log import standard_error
from supervisor.log.log_form import Destination, Form, destination
from supervisor.log.log_writer import LogWriter
from supervisor.log.standard_error import LogStream

_RESERVED: Final = frozenset({"self", "level", "event", "exc_info", "stack_info"})
"""Names that have a meaning for structlog itself."""

Logger = structlog.typing.FilteringBoundLogger

Put = Callable[[bytes], None]


def begin() -> tuple[LogWriter, Form]:
    """Makes standard error the log of this process. Call `begin` before anything is opened.

    The exit of the interpreter waits for the last lines, if they can be written.
    """
    standard_streams.fill()
    # A terminal may be set to stop background processes that write to it.
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    form = Form(destination(os.environ))
    writer = LogWriter(standard_error.take_over(), form.notice)
    sys.stderr = LogStream(lambda line: writer.put(form.marked(line[:-1].decode(), "error").encode() + b"\n"))
    atexit.register(writer.flush)
    return writer, form


def configure(put: Put, form: Form) -> None:
    """Configures structlog for the whole process. Also redirects the standard library's logging and warnings to
    structlog.

    Args:
        put: called with each line.
        form: the form of lines, and their minimum level.
    """
    structlog.configure(
        processors=[form.render],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),  # the form filters by its own level
        logger_factory=partial(_Lines, put),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_StandardHandler()], level=logging.WARNING, force=True)
    logging.captureWarnings(True)


def on_terminal() -> bool:
    """Whether the log goes to a terminal that still exists."""
    return destination({}) is Destination.TERMINAL


def write(log: Logger, level: str, event: str, fields: Mapping[str, Any]) -> None:
    """Logs a line with fields of any names. An unknown level is `info`."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    log.log(number, event, **{f"{key}_" if key in _RESERVED else str(key): value for key, value in fields.items()})


def relay(log: Logger, line: bytes, admits: Callable[[str, str], bool] = lambda event, level: True) -> None:
    """Logs a line of the engine. JSON becomes fields, and any other line becomes text.

    Args:
        admits: whether a JSON line of this event and level may be written.
    """
    try:
        fields: Any = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        log.warning("engine_output", line=line.decode("utf-8", "replace"))
        return
    level, event = str(fields.pop("level", "info")), str(fields.pop("event", "engine"))
    if admits(event, level):
        write(log, level, event, fields)


class _Lines:
    """Receives structlog's formatted lines of all levels."""

    def __init__(self, put: Put, *_: object) -> None:
        self._put = put

    def msg(self, line: str) -> None:
        line = redacted_text(line)  # a tracker's URL in any field is redacted
        self._put(line.encode("utf-8", "backslashreplace") + b"\n")

    debug = info = warning = error = critical = exception = fatal = warn = log = msg


class _StandardHandler(logging.Handler):
    """Logs the records of asyncio and other libraries that use the standard library's logging."""

    def emit(self, record: logging.LogRecord) -> None:
        log: Logger = structlog.get_logger()
        try:
            log.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info)
        except Exception as error:  # noqa: BLE001  # a message that cannot be formatted must not break the caller
            log.error("log_line_not_made", logger=record.name, problem=repr(error))
