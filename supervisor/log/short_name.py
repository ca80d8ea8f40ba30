"""A torrent's name, as lines of the log show it. Pure."""

from typing import Final

NAME_MAX: Final = 100
"""The maximum length of a torrent's name in a line."""


def short_name(name: str) -> str:
    """The name, cut if it is longer than that."""
    return name if len(name) <= NAME_MAX else f"{name[: NAME_MAX - 1]}…"
