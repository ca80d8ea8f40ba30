"""Whether a run proves anything. Pure."""

from collections import Counter
from typing import Final

from tools.chaos.checker.registers import operations
from tools.chaos.history.entries import Checkpoint, FaultBegan, FaultBit, FaultEnded, Finished
from tools.chaos.history.recorder import History

ACKNOWLEDGED_PER_ROUND: Final = 20
"""The minimum number of acknowledged changes."""

READS: Final = ("get_torrent", "list_torrents")


def problems(history: History) -> list[str]:
    """Why the run is invalid. Empty if it is valid."""
    found: list[str] = []
    rounds = sum(isinstance(entry, Checkpoint) for entry in history.entries) - 1
    if not any(isinstance(entry, Finished) for entry in history.entries):
        return ["the run did not come to its end"]
    if history.plan.header.shrunk:
        return found
    acknowledged = sum(
        each.end is not None and each.end.end == "ok" for each in operations(history) if each.op.op not in READS
    )
    if acknowledged < max(1, rounds) * ACKNOWLEDGED_PER_ROUND:
        found.append(f"only {acknowledged} changes were acknowledged in {rounds} rounds")
    bitten = Counter(entry.fault for entry in history.entries if isinstance(entry, FaultBit))
    found += [f"the fault {name} never bit" for name in history.plan.header.faults if not bitten[name]]
    return found


def harness_problems(history: History) -> list[str]:
    """The problems of the harness: faults that could not be played or undone."""
    return [
        f"{entry.fault}: {entry.problem}"
        for entry in history.entries
        if isinstance(entry, FaultEnded) and entry.problem
    ]


def deaths(history: History) -> int:
    """How many engines the faults have killed."""
    return sum(entry.deaths for entry in history.entries if isinstance(entry, FaultBit))


def faults(history: History) -> dict[str, tuple[int, int, int]]:
    """For each fault: how often it began, how often it bit, and how many engines it killed."""
    began = Counter(entry.fault for entry in history.entries if isinstance(entry, FaultBegan))
    bit = {(entry.fault, entry.number) for entry in history.entries if isinstance(entry, FaultBit)}
    bitten = Counter(fault for fault, _ in bit)
    killed: Counter[str] = Counter()
    for entry in history.entries:
        if isinstance(entry, FaultBit):
            killed[entry.fault] += entry.deaths
    return {name: (began[name], bitten[name], killed[name]) for name in sorted(began)}
