"""The log: readable lines on a terminal, one JSON object a line anywhere else, on stderr."""

import json
import logging
import os
import sys
from typing import Any, Final

import msgspec
import structlog

_RESERVED: Final = frozenset({"self", "level", "event", "exc_info", "stack_info"})
"""Names that mean something to structlog itself."""

_STDERR: Final = 2

Logger = structlog.typing.FilteringBoundLogger


def configure(level: str) -> None:
    """Sets structlog up for the whole process. `level` is debug, info, warning or error."""
    terminal = sys.stderr.isatty()
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer(serializer=_json)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=not terminal),
            structlog.processors.StackInfoRenderer(),
            *([] if terminal else [structlog.processors.format_exc_info]),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _json(value: object, **_: object) -> str:
    """A line, with a question mark for each part of a name that is no text: such must not end the service."""
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        return json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "replace").decode()


def on_terminal() -> bool:
    """Whether the log goes to a terminal, and that is still there."""
    return os.isatty(_STDERR)


def silence() -> None:
    """Sends the log nowhere: writing to a terminal that is gone is an error."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _STDERR)
    os.close(nowhere)


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
