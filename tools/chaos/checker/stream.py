"""Checks of the event stream of one subscriber. Pure."""

from typing import Final

from tools.chaos.checker.violation import Violation
from tools.chaos.history.entries import Heard, Supervisor
from tools.chaos.history.recorder import History

SILENT_S: Final = 10.0
"""The longest time between two ticks. The daemon sends a tick every second."""


def check_events(history: History) -> list[Violation]:
    """Finds gaps, numbers that repeat or decrease, and periods without ticks.

    Only slow subscribers may lose events. This subscriber reads at once and has a large queue, so it must not lose any
    event.
    """
    found: list[Violation] = []
    epochs: set[str] = set()
    epoch, last, ticked = "", 0, 0.0
    for entry in history.entries:
        if isinstance(entry, Supervisor):
            ticked = 0.0
        if not isinstance(entry, Heard):
            continue
        if entry.epoch != epoch:
            if entry.epoch in epochs:
                found.append(Violation("events", f"epoch {entry.epoch} came back", entry.at))
            epochs.add(entry.epoch)
            epoch, last, ticked = entry.epoch, 0, 0.0
        if entry.tick:
            if ticked and entry.at - ticked > SILENT_S:
                found.append(Violation("events", f"no tick for {entry.at - ticked:.1f} s", entry.at))
            ticked = entry.at
            if last and entry.seq != last:
                found.append(Violation("events", f"a tick has number {entry.seq} after event {last}", entry.at))
        elif last and entry.seq <= last:
            found.append(Violation("events", f"event {entry.seq} comes after {last}", entry.at))
        elif last and entry.seq > last + 1:
            found.append(Violation("events", f"events {last + 1} to {entry.seq - 1} are missing", entry.at))
        last = entry.seq
    return found
