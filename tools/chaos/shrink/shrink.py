"""Shrinks the plan of a failing run: first its rounds, then its faults, then its operations."""

from collections.abc import Callable
from typing import Final

import msgspec

from tools.chaos.plan.plan import STEADY, Plan, PlannedFault, PlannedOp
from tools.chaos.shrink.ddmin import ddmin

TRIES: Final = 40
REPEATS: Final = 2
"""How often a part is repeated before it counts as passing."""


def shrink(plan: Plan, fails: Callable[[Plan], bool], tell: Callable[[str], None], *, tries: int = TRIES) -> Plan:
    """Returns a smaller plan that fails in the same way.

    Args:
        fails: runs a plan, and returns whether the same invariant is violated.
        tries: the maximum number of parts for each of the three steps.
    """

    def failing(part: Plan) -> bool:
        tell(f"a part with {len(part.ops)} operations and {len(part.faults)} faults")
        return any(fails(part) for _ in range(REPEATS))

    rounds = sorted({op.round for op in plan.ops if op.round >= 0})
    kept = ddmin(rounds, lambda part: failing(_of_rounds(plan, part)), tries=tries)
    plan = _of_rounds(plan, kept)
    faults = ddmin(plan.faults, lambda part: failing(_part(plan, plan.ops, part)), tries=tries)
    plan = _part(plan, plan.ops, faults)
    fixed = [op for op in plan.ops if _is_fixed(op)]
    free = [op for op in plan.ops if not _is_fixed(op)]
    ops = ddmin(free, lambda part: failing(_part(plan, fixed + part, plan.faults)), tries=tries)
    return _part(plan, fixed + ops, plan.faults)


def _is_fixed(op: PlannedOp) -> bool:
    """Whether an operation must stay: the gateway needs the torrents that are added at the beginning."""
    return op.round < 0 and op.torrent < STEADY


def _of_rounds(plan: Plan, rounds: list[int]) -> Plan:
    """The plan with only these rounds. The rounds get new numbers."""
    numbers = {-1: -1} | {each: number for number, each in enumerate(rounds)}
    ops = [msgspec.structs.replace(op, round=numbers[op.round]) for op in plan.ops if op.round in numbers]
    faults = [msgspec.structs.replace(each, round=numbers[each.round]) for each in plan.faults if each.round in numbers]
    header = msgspec.structs.replace(plan.header, rounds=len(rounds), shrunk=True)
    return Plan(header=header, ops=ops, faults=faults)


def _part(plan: Plan, ops: list[PlannedOp], faults: list[PlannedFault]) -> Plan:
    header = msgspec.structs.replace(plan.header, shrunk=True)
    return Plan(header=header, ops=sorted(ops, key=lambda op: (op.round, op.at_s)), faults=faults)
