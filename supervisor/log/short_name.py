"""Shortens a torrent's name for a line of the log. Pure."""

from typing import Final

NAME_MAX: Final = 100
"""The maximum length of a torrent's name in a line."""


def short_name(name: str) -> str:
    """The name, truncated to NAME_MAX characters."""
    return name if len(name) <= NAME_MAX else f"{name[: NAME_MAX - 1]}…"
