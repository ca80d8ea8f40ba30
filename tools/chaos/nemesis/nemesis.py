"""Plays the faults of a plan, one after the other."""

import random
import time
from collections.abc import Sequence
from typing import Final

import ouzel
from tools.chaos.history.entries import FaultBegan, FaultBit, FaultEnded
from tools.chaos.history.recorder import now
from tools.chaos.nemesis import clients, engines, hangs, kills, network, storage, supervisors
from tools.chaos.nemesis.registry import FAULTS, Bite, Fault
from tools.chaos.plan.plan import PlannedFault
from tools.chaos.world.world import World

MODULES: Final = (clients, hangs, kills, network, storage, supervisors)
"""The modules with faults. Their import lists the faults."""

CALM_S: Final = 3.0
"""How long the nemesis waits after an evident fault. An engine that lives on for 2 s is calm (ADR 016)."""


def chosen(names: Sequence[str]) -> dict[str, Fault]:
    """The faults with these names or groups. By default, all faults that this machine allows, except the group `rare`.

    Raises:
        ValueError: a name is unknown, or the machine does not allow the fault.
    """
    if not names:
        return {name: each for name, each in FAULTS.items() if storage.available(each.needs) and each.group != "rare"}
    found: dict[str, Fault] = {}
    for name in names:
        matching = {each.name: each for each in FAULTS.values() if name in (each.name, each.group)}
        if not matching:
            raise ValueError(f"there is no fault {name!r}; there are {', '.join(sorted(FAULTS))}")
        for each in matching.values():
            if not storage.available(each.needs):
                raise ValueError(f"the fault {each.name} needs {each.needs}, which is not available here")
        found |= matching
    return found


class Nemesis:
    """Plays faults against a world. A failure of the harness is recorded, and does not end the run."""

    def __init__(self, world: World) -> None:
        self._world = world

    def play(self, faults: list[PlannedFault]) -> None:
        """Plays the faults of one round, each at its time or later."""
        began = now()
        for planned in faults:
            time.sleep(max(0.0, began + planned.at_s - now()))
            self._play(planned)

    def _play(self, planned: PlannedFault) -> None:
        record = self._world.recorder.record

        def note(detail: str, deaths: int) -> None:
            bit = FaultBit(at=now(), number=planned.number, fault=planned.fault, detail=detail, deaths=deaths)
            record(bit)

        fault = FAULTS[planned.fault]
        record(FaultBegan(at=now(), number=planned.number, fault=planned.fault))
        problem = ""
        try:
            fault.play(self._world, random.Random(planned.chance), Bite(note))
            if fault.evident:
                time.sleep(CALM_S)
                engines.running(self._world)
        except (AssertionError, OSError, ouzel.OuzelError) as error:
            problem = f"{type(error).__name__}: {error}"
            if not self._world.supervisor():
                self._world.start()
        record(FaultEnded(at=now(), number=planned.number, fault=planned.fault, problem=problem))
