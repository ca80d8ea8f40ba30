"""The kill ladder: the escalating signals that end an engine. Pure.

A normal stop begins with a drain. A drain needs no signal. The ladder is used if the drain takes too long, or if a
drain is impossible. SIGTERM requests the drain once more. On SIGABRT, a handler writes the stacks of all threads. This
handler works even if the engine's loop hangs. SIGKILL goes to the whole process group, and cannot be ignored.
"""

from enum import Enum
from signal import Signals
from typing import Final, NamedTuple

import msgspec

TERMINATE_S: Final = 2.0
ABORT_S: Final = 0.3
"""The time for writing the stacks, which usually takes a few milliseconds.

A hung engine has to be replaced within 4 s.
"""


class Rung(NamedTuple):
    """A signal, and the seconds until the next signal."""

    signal: Signals
    wait_s: float


class Manner(Enum):
    """Why an engine is ended. The reason determines the first signal.

    If an engine has nothing to save, it is killed at once. If an engine hangs or sends garbage, it first has to write
    its stacks. If the drain of an engine is overdue, the engine first gets SIGTERM.
    """

    AT_ONCE = "at_once"
    FAULTY = "faulty"
    OVERDUE = "overdue"


LADDER: Final = (
    Rung(Signals.SIGTERM, TERMINATE_S),
    Rung(Signals.SIGABRT, ABORT_S),
    Rung(Signals.SIGKILL, 0.0),
)
_FIRST: Final = {Manner.OVERDUE: 0, Manner.FAULTY: 1, Manner.AT_ONCE: 2}


class Climb(msgspec.Struct, frozen=True):
    """The progress on the ladder: the index of the next rung. At the end it is the number of rungs."""

    next_rung: int = 0


def begin(manner: Manner, under_way: Climb | None) -> Climb | None:
    """Returns the climb that begins at a manner's first rung. None if the current climb is beyond that rung."""
    first = _FIRST[manner]
    return None if under_way is not None and under_way.next_rung > first else Climb(first)


def step(climb: Climb) -> tuple[Climb, Rung | None]:
    """Returns the climb after the next rung, and the next rung. None at the end of the ladder."""
    if climb.next_rung == len(LADDER):
        return climb, None
    return Climb(climb.next_rung + 1), LADDER[climb.next_rung]
