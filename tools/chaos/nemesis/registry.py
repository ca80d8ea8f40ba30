"""The list of faults."""

import random
from collections.abc import Callable
from typing import Final, Literal, NamedTuple

from tools.chaos.world.world import World

Needs = Literal["", "mounts", "strace"]


class Bite:
    """Notes the effect of one fault.

    Args:
        note: called with a text and the number of engines that the fault has killed.
    """

    def __init__(self, note: Callable[[str, int], None]) -> None:
        self._note = note

    def __call__(self, detail: str = "", *, deaths: int = 0) -> None:
        """Notes an effect."""
        self._note(detail, deaths)


Play = Callable[[World, random.Random, Bite], None]


class Fault(NamedTuple):
    """A fault that the nemesis can play.

    Fields:
        play: disturbs the world, notes the effect, and undoes the disturbance.
        weight: how often the fault is played, relative to other faults.
        evident: whether the fault looks like a defect of a torrent.
        group: the name of the fault's group.
        needs: what the machine must allow.
    """

    name: str
    play: Play
    weight: int
    group: str
    evident: bool = False
    needs: Needs = ""


FAULTS: Final[dict[str, Fault]] = {}
"""All faults by name. Modules of the nemesis add theirs."""


def fault(
    group: str, weight: int = 4, *, evident: bool = False, needs: Needs = "", name: str | None = None
) -> Callable[[Play], Play]:
    """Lists a function as a fault. By default the fault has the function's name."""

    def add(play: Play) -> Play:
        known = name or play.__name__
        FAULTS[known] = Fault(known, play, weight, group, evident, needs)
        return play

    return add
