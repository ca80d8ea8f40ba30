"""Turns operations into the steps of registers, and checks each register. Pure."""

from collections import defaultdict
from math import inf
from typing import Any, Final

import msgspec

from tools.chaos.checker.linearizability import ABSENT, Kind, Step, first_stuck
from tools.chaos.checker.violation import Violation
from tools.chaos.history.entries import Checkpoint, Ended, Invoked
from tools.chaos.history.recorder import History
from tools.chaos.plan.plan import SESSION, PlannedOp

DEFAULTS: Final[dict[str, Any]] = {
    "paused": False,
    "sequential": False,
    "download_bps": 0,
    "upload_bps": 0,
    "include": [],
    "priorities": {},
    "labels": [],
    "category": None,
}
"""The values of a new torrent that its add does not set."""

WRITES: Final = ("update_limits", "update_selection", "update_options", "set_sequential", "pause", "resume")


class Operation(msgspec.Struct, frozen=True):
    """A planned operation, and what happened. `end` is None if no end was recorded."""

    op: PlannedOp
    invoked: Invoked
    end: Ended | None

    @property
    def returned(self) -> float:
        """When the operation returned; infinite if its end is unknown."""
        return inf if self.end is None or self.end.end == "unknown" else self.end.at


def operations(history: History) -> list[Operation]:
    """The operations that were invoked, in order of invocation."""
    planned = {op.number: op for op in history.plan.ops}
    ends = {entry.number: entry for entry in history.entries if isinstance(entry, Ended)}
    return [
        Operation(planned[entry.number], entry, ends.get(entry.number))
        for entry in history.entries
        if isinstance(entry, Invoked)
    ]


def check_registers(history: History) -> list[Violation]:
    """Finds registers that are not linearizable."""
    found = []
    for (torrent, field), steps in sorted(steps_of(history).items()):
        stuck = first_stuck(steps)
        if stuck is not None:
            step = stuck.step
            found.append(
                Violation(
                    "linearizable",
                    f"torrent {torrent}, {field}: {step.kind} {step.value} is not possible, only "
                    f"{', '.join(map(str, stuck.possible))} would be",
                    at=step.called,
                    operation=step.number,
                )
            )
    return found


def steps_of(history: History) -> dict[tuple[int, str], list[Step]]:
    """The steps of each register, by torrent and field."""
    found: dict[tuple[int, str], list[Step]] = defaultdict(list)
    for each in operations(history):
        if each.op.torrent != SESSION:
            for field in DEFAULTS:
                step = _step(each, field)
                if step is not None:
                    found[each.op.torrent, field].append(step)
    for entry in history.entries:
        if isinstance(entry, Checkpoint):
            for source in (entry.torrents, entry.disk):
                for torrent, values in source.items():
                    for field in DEFAULTS:
                        value = _frozen(values[field]) if values else ABSENT
                        # Nothing else was in progress during the checkpoint.
                        found[torrent, field].append(Step(-1 - entry.round, "read", value, entry.at, entry.at))
    return found


def _step(each: Operation, field: str) -> Step | None:
    """The step of an operation on one register. None if the operation says nothing about it."""
    op, end = each.op, each.end
    if end is not None and end.end == "fail":
        if end.found == {}:  # the daemon said that it does not have the torrent
            return Step(op.number, "read", ABSENT, each.invoked.at, each.returned)
        return None
    ok = end is not None and end.end == "ok"
    called, returned = each.invoked.at, each.returned
    if op.op == "get_torrent":
        if not ok or end is None or end.found is None:
            return None
        return Step(op.number, "read", _frozen(end.found[field]), called, returned)
    if op.op == "add_torrent":
        if ok and end is not None and end.duplicate:
            return Step(op.number, "known", None, called, returned)
        # An accepted change can miss its deadline; the error does not tell whether the torrent was there.
        kind: Kind = "ensure" if ok and end is not None and end.error else "add"
        return Step(op.number, kind, _frozen(op.args.get(field, DEFAULTS[field])), called, returned)
    if op.op == "remove_torrent":
        return Step(op.number, "remove", None, called, returned)
    if op.op in WRITES:
        values = {"pause": {"paused": True}, "resume": {"paused": False}}.get(op.op, op.args)
        if field in values:
            return Step(op.number, "write", _frozen(values[field]), called, returned)
    return None


def _frozen(value: Any) -> str:
    """A value in a form that can be compared and hashed."""
    return msgspec.json.encode(value, order="deterministic").decode()
