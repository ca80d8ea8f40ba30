"""The kill ladder: the signals that end an engine, escalating until it is gone. Pure.

A normal stop begins with a drain, which needs no signal. The ladder is used if the drain takes too long, or if the
engine cannot be drained. SIGTERM requests the drain once more. On SIGABRT, a handler that needs neither the engine's
loop nor the interpreter's lock writes every thread's stack. SIGKILL goes to the whole process group and cannot be
ignored.
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
    """A signal, and the seconds before the next one."""

    signal: Signals
    wait_s: float


class Manner(Enum):
    """Why an engine is ended, which determines the first signal.

    An engine with nothing to save is killed at once. An engine that hangs, or that sends garbage, first has to write
    its stacks. An engine whose drain is overdue first gets SIGTERM.
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
    """Returns the climb that begins at a manner's first rung; None if the current climb is beyond that rung."""
    first = _FIRST[manner]
    return None if under_way is not None and under_way.next_rung > first else Climb(first)


def step(climb: Climb) -> tuple[Climb, Rung | None]:
    """Returns the climb after the next rung, and that rung; None at the end of the ladder."""
    if climb.next_rung == len(LADDER):
        return climb, None
    return Climb(climb.next_rung + 1), LADDER[climb.next_rung]
