"""The table of all preferences, in the order of qBittorrent's pages. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from gateway.qbittorrent.preferences import client_rows, connection_rows, schedule_rows, torrent_rows, web_rows
from gateway.qbittorrent.preferences.row import Change, Row, Value, View

ROWS: Final[Mapping[str, Row]] = {
    row.key: row
    for row in (
        *client_rows.BEHAVIOUR,
        *client_rows.ADDING,
        *client_rows.STORAGE,
        *client_rows.ABSENT,
        *connection_rows.LISTENING,
        *connection_rows.CONNECTIONS,
        *connection_rows.PROXY,
        *connection_rows.FILTER,
        *connection_rows.ANNOUNCES,
        *torrent_rows.SPEED,
        *schedule_rows.SCHEDULE,
        *torrent_rows.PRIVACY,
        *torrent_rows.QUEUE,
        *torrent_rows.GOALS,
        *torrent_rows.MEMORY,
        *web_rows.WEB,
    )
}
"""The preferences by key."""


class WrongType(Exception):
    """A value does not have the type of its preference."""


def values(view: View) -> dict[str, Value]:
    """Returns the values of all preferences."""
    return {key: row.read(view) for key, row in ROWS.items()}


def change_of(given: Mapping[str, Any], view: View) -> Change:
    """Returns the change that gives preferences new values. Ignores unknown keys.

    Raises:
        WrongType: a value cannot be converted to the type of its preference.
    """
    current = values(view)
    wanted = current | {key: _converted(key, value, current[key]) for key, value in given.items() if key in current}
    change = Change(view)
    for key, row in ROWS.items():
        if row.write is not None and wanted[key] != current[key]:
            row.write(wanted, change)
    return change


def _converted(key: str, value: Any, current: Value) -> Value:
    """Converts a value to the type of the current value. A number may be a text, as in forms."""
    match current:
        case bool():
            if isinstance(value, str) and value.lower() in ("true", "false"):
                return value.lower() == "true"
            if isinstance(value, bool | int | float):
                return bool(value)
        case int() | float():
            if (number := _number(value)) is not None:
                fraction = isinstance(current, float) or (key == "max_ratio" and number != int(number))
                return number if fraction else int(number)
        case str():
            if isinstance(value, str):
                return value
            if isinstance(value, int | float) and not isinstance(value, bool):
                return str(value)
        case _:
            return value
    raise WrongType(f"{key}: {value!r} has the wrong type")


def _number(value: Any) -> float | int | None:
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    return value if isinstance(value, float) and abs(value) < 2**53 else None
