"""The kill ladder: the signals that end an engine, escalating until it is gone. Pure.

The first rung of an ordinary end is no signal: the engine is asked to drain. What comes here is what follows where
that was not enough, or where there is nobody to ask. SIGTERM asks once more. SIGABRT has every thread's stack written,
by a handler that needs neither the engine's loop nor the interpreter's lock. SIGKILL goes to the whole process group
and cannot be refused.
"""

from enum import Enum
from signal import Signals
from typing import Final, NamedTuple

import msgspec

TERMINATE_S: Final = 2.0
ABORT_S: Final = 0.3
"""How long the stacks may take. Usual are a few milliseconds, and who hangs has to be replaced within 4 s in all."""


class Rung(NamedTuple):
    """A signal, and the seconds before the next one."""

    signal: Signals
    wait_s: float


class Manner(Enum):
    """Why an engine is ended, which determines the first rung.

    An engine that has nothing to save goes at once. One that hangs or talks nonsense shall show its stacks. One that
    was asked to leave and is overdue is asked once more.
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
    """The progress on the ladder. `next_rung` counts from the first rung; the whole length is the end."""

    next_rung: int = 0


def begin(manner: Manner, under_way: Climb | None) -> Climb | None:
    """The climb for this manner, None where the one under way is as far already: nobody climbs down."""
    first = _FIRST[manner]
    return None if under_way is not None and under_way.next_rung > first else Climb(first)


def step(climb: Climb) -> tuple[Climb, Rung | None]:
    """Goes on by one rung. Returns what is to be done there, None where the ladder has ended."""
    if climb.next_rung == len(LADDER):
        return climb, None
    return Climb(climb.next_rung + 1), LADDER[climb.next_rung]
