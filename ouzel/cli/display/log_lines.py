"""Renders lines of the daemon's log for people. Pure."""

import re
from datetime import datetime
from typing import Any, Final

from ouzel.cli.display.printable import as_json
from protocol.wire.log.log_results import LogRow

_PLAIN: Final = re.compile(r"[^\s=\"]+")


def log_line(row: LogRow) -> str:
    """One line: the local time, the level, the component if it is not the supervisor, the event, and the fields."""
    at = datetime.fromtimestamp(row.time_us / 1_000_000).astimezone()
    fields = [f"{name}={_shown(value)}" for name, value in row.fields.items()]
    component = [] if row.component == "supervisor" else [f"{row.component}:"]
    return " ".join([f"{at:%Y-%m-%d %H:%M:%S}", f"{row.level:<7}", *component, row.event, *fields])


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) else as_json(value)
    return as_json(value)
