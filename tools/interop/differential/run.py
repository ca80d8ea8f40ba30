"""Sends a script to two sides, and compares."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from tools.bench.report import tell
from tools.interop.differential.call import Call
from tools.interop.differential.comparing import Difference, differences
from tools.interop.differential.reason import Reason, reason_of
from tools.interop.differential.sides import Side

SETTLED_S: Final = 8.0
"""How long a read is repeated until both sides show the same."""
EVERY_S: Final = 0.25


@dataclass
class Compared:
    """A call, and how its answers differ.

    Fields:
        explained: the reasons, each with one difference.
        faults: the differences without a reason.
    """

    call: Call
    explained: dict[Reason, Difference] = field(default_factory=dict)
    faults: list[Difference] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return not self.explained and not self.faults


def run(script: Iterable[Call], theirs: Side, ours: Side, reasons: Sequence[Reason]) -> list[Compared]:
    """Sends all calls to both sides, one after the other."""
    found = []
    for call in script:
        compared = _compare(call, theirs, ours, reasons)
        deadline = time.monotonic() + SETTLED_S
        while call.reads and compared.faults and time.monotonic() < deadline:
            time.sleep(EVERY_S)
            compared = _compare(call, theirs, ours, reasons)
        for fault in compared.faults:
            tell(f"DIFFERENT {call}: {fault}")
        found.append(compared)
    return found


def _compare(call: Call, theirs: Side, ours: Side, reasons: Sequence[Reason]) -> Compared:
    compared = Compared(call)
    for difference in differences(theirs.send(call), ours.send(call), call.fields.get("sort", "")):
        reason = reason_of(reasons, call.name, difference)
        if reason is None:
            compared.faults.append(difference)
        else:
            compared.explained.setdefault(reason, difference)
    return compared
