"""Reads the arguments of a method. As in Transmission, a value of a wrong type counts as absent. Pure."""

from typing import Any, Final

INT32_MAX: Final = 2**31 - 1
Arguments = dict[str, Any]


def text(arguments: Arguments, name: str) -> str | None:
    """A string. None if the argument is absent."""
    value = arguments.get(name)
    return value if isinstance(value, str) else None


def flag(arguments: Arguments, name: str) -> bool | None:
    """A boolean. As in Transmission, it may also be the number 0 or 1, or the text `true` or `false`."""
    value = arguments.get(name)
    if isinstance(value, bool) or (isinstance(value, int) and value in (0, 1)):
        return bool(value)
    return {"true": True, "false": False}.get(value) if isinstance(value, str) else None


def integer(arguments: Arguments, name: str) -> int | None:
    """An integer. A number with a fraction is rounded towards 0."""
    value = arguments.get(name)
    if isinstance(value, float) and abs(value) < 2**63:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def number(arguments: Arguments, name: str) -> float | None:
    """A number as a float. JSON may have an integer that is too large for a float."""
    value = arguments.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def texts(arguments: Arguments, name: str) -> list[str] | None:
    """A list of strings. Members of other types are left out."""
    value = arguments.get(name)
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else None


def integers(arguments: Arguments, name: str) -> list[int] | None:
    """A list of integers. Members of other types are left out."""
    value = arguments.get(name)
    if not isinstance(value, list):
        return None
    return [each for each in value if isinstance(each, int) and not isinstance(each, bool)]


def clamped(value: int, low: int = 0, high: int = INT32_MAX) -> int:
    """Returns the number from `low` to `high` that is nearest to a value."""
    return max(low, min(high, value))
