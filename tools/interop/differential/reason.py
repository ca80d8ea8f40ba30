"""Explains differences by a table. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from tools.interop.differential.comparing import ABSENT, Difference

Condition = Callable[[Any, Any], bool]
"""Whether a reason holds for these values, theirs and ours."""

NEAR_S: Final = 600


def near(theirs: Any, ours: Any) -> bool:
    """Whether both values are numbers of the same sign, and differ by minutes at most."""
    numbers = all(isinstance(each, int | float) and not isinstance(each, bool) for each in (theirs, ours))
    return numbers and abs(theirs - ours) <= NEAR_S and (theirs < 0) == (ours < 0)


def same_type(theirs: Any, ours: Any) -> bool:
    """Whether both values have the same type."""
    return type(theirs) is type(ours)


def only_here(theirs: Any, ours: Any) -> bool:
    """Whether only the gateway has the field."""
    return isinstance(theirs, str) and theirs == ABSENT


def only_there(theirs: Any, ours: Any) -> bool:
    """Whether only the real program has the field."""
    return isinstance(ours, str) and ours == ABSENT


def pair(theirs: Any, ours: Any) -> Condition:
    """Returns a condition: the values are these two."""
    return lambda there, here: there == theirs and here == ours and type(here) is type(ours)


def one_of(*pairs: tuple[Any, Any]) -> Condition:
    """Returns a condition: the values are one of these pairs. The first value of a pair is the real program's."""
    return lambda theirs, ours: any(pair(*each)(theirs, ours) for each in pairs)


def always(theirs: Any, ours: Any) -> bool:
    """Allows all values."""
    return True


@dataclass(frozen=True)
class Reason:
    """One row of the table.

    Fields:
        call: the name of the call as a shell pattern; several are separated by spaces.
        field: the field of the answer as a shell pattern; several are separated by ` | `.
        why: the explanation.
        holds: whether the reason explains two values.
    """

    call: str
    field: str
    why: str
    holds: Condition = always

    def explains(self, call: str, found: Difference) -> bool:
        """Whether this is the reason of a difference."""
        if not any(fnmatchcase(call, each) for each in self.call.split()):
            return False
        if not any(fnmatchcase(found.field, each) for each in self.field.split(" | ")):
            return False
        try:
            return self.holds(found.theirs, found.ours)
        except (AttributeError, LookupError, TypeError):  # the condition is about values of other types
            return False


def reason_of(reasons: Sequence[Reason], call: str, found: Difference) -> Reason | None:
    """Returns the first reason of a difference; None if there is none."""
    return next((each for each in reasons if each.explains(call, found)), None)
