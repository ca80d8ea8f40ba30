"""Converts names between JSON-RPC (snake_case) and version 4.0.6. Pure."""

import re
from typing import Any, Final

from gateway.transmission.session.table import PREFERENCES
from gateway.transmission.table import METHODS
from gateway.transmission.torrents.torrent_fields import FIELDS

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ARGUMENTS: Final = (
    "delete-local-data",
    "download-dir",
    "files-unwanted",
    "files-wanted",
    "honorsSessionLimits",
    "priority-high",
    "priority-low",
    "priority-normal",
    "trackerAdd",
    "trackerRemove",
    "trackerReplace",
)


def snake(name: str) -> str:
    """Converts `peersGettingFromUs` to `peers_getting_from_us`, and `alt-speed-down` to `alt_speed_down`."""
    return _HUMP.sub("_", name.replace("-", "_")).lower()


_LEGACY: Final = {snake(name): name for name in (*METHODS, *PREFERENCES, *_ARGUMENTS)}
_FIELDS: Final = {snake(name): name for name in FIELDS}


def legacy_method(name: str) -> str | None:
    """The old name of a method. None if the method does not exist."""
    found = _LEGACY.get(name)
    return found if found in METHODS else None


def legacy_arguments(method: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a request under their old names."""
    about_torrents = method in ("torrent-get", "torrent-set", "torrent-add")
    names = {**_LEGACY, **_FIELDS, **{snake(each): each for each in _ARGUMENTS}} if about_torrents else _LEGACY
    if method == "torrent-add":
        names = {**_LEGACY, "peer_limit": "peer-limit", "sequential_download": "sequential_download"}
    found = {names.get(name, name): value for name, value in arguments.items()}
    fields = found.get("fields")
    if isinstance(fields, list):
        known = _FIELDS if method == "torrent-get" else _LEGACY
        found["fields"] = [known.get(each, each) if isinstance(each, str) else each for each in fields]
    return found


def renamed(value: Any) -> Any:
    """The arguments of an answer with their new names. In the table format, the names are in the first row."""
    if isinstance(value, dict):
        found = {snake(name): renamed(each) for name, each in value.items()}
        rows = found.get("torrents")
        if isinstance(rows, list) and rows and isinstance(rows[0], list):
            rows[0] = [snake(name) for name in rows[0]]
        return found
    if isinstance(value, list):
        return [renamed(each) for each in value] if value and isinstance(value[0], dict | list) else value
    return value
