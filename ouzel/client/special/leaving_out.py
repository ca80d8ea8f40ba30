"""Converts arguments that a call may leave out to the form that commands have."""

from typing import Literal, TypeVar

import msgspec

T = TypeVar("T")


def or_unset(value: T | None) -> T | msgspec.UnsetType:
    """Returns the value. For None, returns UNSET, so that the argument is left out."""
    return msgspec.UNSET if value is None else value


def none_is_null(value: T | Literal["none"] | None) -> T | msgspec.UnsetType | None:
    """Returns the value. For None, returns UNSET, so that the argument is left out. For "none", returns null."""
    if value is None:
        return msgspec.UNSET
    return None if value == "none" else value
