"""Converts numbers to the ranges that clients can read. Pure."""

from math import isfinite
from typing import Final

MAX_COUNT: Final = 2**53 - 1
"""The greatest integer that JavaScript represents exactly."""
MAX_ETA_S: Final = 8_640_000
"""The value of an unknown estimate. Sonarr and other programs expect this value."""
UNKNOWN: Final = -1


def count(value: float | None, least: int = 0, most: int = MAX_COUNT) -> int:
    """Returns an integer between two bounds. None and NaN become the lower bound."""
    if value is None or value != value:
        return least
    return int(min(max(value, least), most))


def real(value: float | None, least: float = UNKNOWN) -> float:
    """Returns a finite number. A whole number becomes an integer, because qBittorrent writes it without a point."""
    if value is None or not isfinite(value):
        return int(least)
    bounded = min(max(value, least), MAX_COUNT)
    return int(bounded) if bounded == int(bounded) else bounded


def fraction(value: float | None) -> float:
    """Returns a number from 0 to 1."""
    return min(real(value, 0), 1)


def seconds(time_us: int | None) -> int:
    """Returns a time in seconds since 1970. -1 means unknown."""
    return UNKNOWN if time_us is None else count(time_us // 1_000_000)


def minutes(duration_s: float | None) -> int:
    """Returns a duration in minutes, rounded up. -1 means that there is no duration."""
    return UNKNOWN if duration_s is None else count(-(-duration_s // 60), most=2**31 - 1)
