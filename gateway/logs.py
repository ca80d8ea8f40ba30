"""Sets up the log, on standard error: lines for people on a terminal and in the journal, JSON elsewhere.

If nobody reads standard error, the gateway blocks. This is acceptable, because only the gateway's clients have to wait.
"""

import logging
import os
import sys
from typing import Any, Final

import msgspec
import structlog
from structlog.typing import EventDict, Processor

from ouzel.requests import REQUEST_NAME
from protocol.text.scrub import scrub_all

LEVELS: Final = ("debug", "info", "warning", "error")
PRIORITIES: Final = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
"""By level, the priority of syslog(3). The prefix of a line in the journal has it (see sd-daemon(3))."""


_AMBIGUOUS: Final = frozenset(" =\"'")


class _AsIs:
    """A text that is shown without the quotes that the renderer would put around it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


class _FromLibraries(logging.Handler):
    """Writes the messages of libraries to the gateway's log."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger().log(
            record.levelno, "library_message", of=record.name, message=record.getMessage(), exc_info=record.exc_info
        )


def configure(level: str) -> None:
    """Sets up the log.

    Args:
        level: lines below this level are not logged.
    """
    journal = _is_journal()
    for_people = journal or sys.stderr.isatty()
    steps: list[Processor] = [structlog.processors.add_log_level, _named]
    if not journal:  # the journal has the time of each entry
        steps.append(structlog.processors.TimeStamper(fmt="iso", utc=not for_people))
    steps.append(structlog.processors.format_exc_info)
    if for_people:
        renderer = structlog.dev.ConsoleRenderer(
            colors=not journal, pad_event_to=0, sort_keys=False, exception_formatter=structlog.dev.plain_traceback
        )
        steps += [_scrubbed, renderer]
    else:
        steps.append(structlog.processors.JSONRenderer(serializer=_json))
    if journal:
        steps.append(_marked)
    structlog.configure(
        processors=steps,
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_FromLibraries()], level=logging.WARNING, force=True)
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # anybody may send a malformed form


def prefix(level: str) -> str:
    """If the journal reads standard error, returns the prefix with a level's priority. Otherwise returns no prefix."""
    return f"<{PRIORITIES.get(level, 3)}>" if _is_journal() else ""


def _is_journal() -> bool:
    try:
        status = os.fstat(2)
    except OSError:
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def _named(_: Any, __: str, fields: EventDict) -> EventDict:
    """Adds the name of the HTTP request that the gateway works on."""
    name = REQUEST_NAME.get()
    return fields if name is None else {**fields, "request": name}


def _scrubbed(_: Any, __: str, fields: EventDict) -> EventDict:
    """Quotes texts with characters that could control a terminal, or that look like another field."""
    return {key: _shown(key, value) for key, value in fields.items()}


def _shown(key: str, value: Any) -> Any:
    if not isinstance(value, str) or key in ("event", "level", "timestamp", "exception"):
        return value
    return _AsIs(value if value.isprintable() and not _AMBIGUOUS & set(value) else ascii(value))


def _marked(_: Any, level: str, line: Any) -> str:
    return "\n".join(prefix(level) + each for each in str(line).split("\n"))


def _json(value: object, **_: object) -> str:
    try:
        return msgspec.json.encode(value, enc_hook=str).decode()
    except UnicodeEncodeError:
        return msgspec.json.encode(scrub_all(value), enc_hook=str).decode()
