"""Makes replies comparable: values that depend on the moment or the torrent are replaced by their kind."""

import base64
from typing import Any, Final

MOMENTARY: Final = {
    *("seq", "head", "age_ms", "active_s", "uptime_ms", "added_us", "put_aside_us"),
    *("created_us", "ended_us"),
    *("state", "progress", "peers", "revision", "applied_revision"),
}
UNCERTAIN: Final = {"hindrance", "reasons", "stalled_since_us", "tracker_status"}
"""Members that may be present or absent at any moment: clients run in parallel, and health covers all of them."""


def plain(value: Any, names: dict[str, str]) -> Any:
    """A copy of decoded JSON without momentary values.

    Args:
        names: what to put in the place of which words, such as the id of a client's own torrent.
    """
    match value:
        case dict():
            return {
                plain(key, names): "..." if key in UNCERTAIN else _of_member(key, item, names)
                for key, item in value.items()
            }
        case list():
            return [plain(item, names) for item in value]
        case str():
            for word, name in names.items():
                value = value.replace(word, name)
            return value
        case bytes():
            return {"$bin": base64.b64encode(value).decode()}
        case float() if value.is_integer():
            return int(value)  # some languages have one kind of number
        case _:
            return value


def _of_member(key: str, value: Any, names: dict[str, str]) -> Any:
    counted = key == "torrents" and isinstance(value, int)  # of the torrents of all clients
    return kinds(value) if counted or key in MOMENTARY else plain(value, names)


def kinds(value: Any) -> Any:
    """Only the shape: the members and their kinds."""
    match value:
        case dict():
            return {key: kinds(item) for key, item in value.items()}
        case list():
            return [kinds(item) for item in value[:1]]
        case bool() | None | str():
            return type(value).__name__
        case _:
            return "number"
