"""The verdict on a history. Pure."""

import msgspec

from tools.chaos.checker import checkpoints, outcomes, processes, registers, stream, validity
from tools.chaos.checker.violation import Violation
from tools.chaos.history.recorder import History
from tools.chaos.traffic.sizes import DOWNLOAD_BYTES


class Verdict(msgspec.Struct, frozen=True):
    """The result of the checker.

    Fields:
        violations: the broken invariants.
        invalid: why the run proves nothing.
    """

    violations: list[Violation]
    invalid: list[str]

    @property
    def exit_code(self) -> int:
        """0 if all invariants hold, 1 if one is broken, 3 if the run is invalid."""
        return 1 if self.violations else 3 if self.invalid else 0


def judge(history: History) -> Verdict:
    """Checks all invariants."""
    header = history.plan.header
    sizes = {index: DOWNLOAD_BYTES + index for index in range(header.torrents, header.torrents + header.downloads)}
    found = [
        *registers.check_registers(history),
        *outcomes.check_outcomes(history),
        *outcomes.check_healthy(history),
        *stream.check_events(history),
        *processes.check_supervisor(history),
        *processes.check_sessions(history),
        *processes.check_leftovers(history),
        *processes.check_resources(history),
        *processes.check_end(history),
        *checkpoints.check_checkpoints(history),
        *checkpoints.check_twice(history, sizes),
    ]
    return Verdict(sorted(found, key=lambda each: each.at), validity.problems(history))
