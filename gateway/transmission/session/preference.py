"""The type of a preference. Pure."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from gateway.transmission.arguments import Arguments
from gateway.transmission.session.state import Change, State

KB: Final = 1000


class Preference(NamedTuple):
    """One preference.

    Fields:
        read: returns the value.
        write: adds the given value to a change; None if the preference cannot be changed.
    """

    read: Callable[[State], Any]
    write: Callable[[Change, Arguments, str], None] | None = None


def constant(value: Any) -> Preference:
    """A preference that always has the same value. A change has no effect, because Ouzel lacks this function."""
    return Preference(lambda _: value)
