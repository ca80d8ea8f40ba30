"""A torrent's name, as lines of the log show it. Pure."""

from typing import Final

NAME_MAX: Final = 100
"""Characters of a torrent's name that a line shows."""


def short_name(name: str) -> str:
    """The name, cut where it is longer than a line has room for."""
    return name if len(name) <= NAME_MAX else f"{name[: NAME_MAX - 1]}…"
