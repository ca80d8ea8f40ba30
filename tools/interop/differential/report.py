"""Runs both scripts, and reports what differs."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tools.bench.report import Check, Report, tell
from tools.interop.differential import qbittorrent_script, sides, transmission_script, world
from tools.interop.differential.comparing import Difference
from tools.interop.differential.qbittorrent_reasons import REASONS as QBITTORRENT
from tools.interop.differential.reason import Reason
from tools.interop.differential.run import Compared, run
from tools.interop.differential.transmission_reasons import REASONS as TRANSMISSION
from tools.rig.tracker import Tracker

NAME: Final = "differential"
COLUMNS: Final = ("PROGRAM", "CALLS", "EQUAL", "EXPLAINED", "DIFFERENT")


def run_all(root: Path) -> Report:
    """Compares a gateway with qbittorrent-nox, and a fresh gateway with transmission-daemon."""
    with Tracker() as working, Tracker() as refusing:
        torrents = world.make(root / "world", working, refusing)
        tell("qbittorrent-nox: two minutes")
        with (
            sides.qbittorrent(root / "qbittorrent", torrents) as theirs,
            sides.gateway(root / "first", torrents) as (ours, _),
        ):
            theirs.log_in()
            ours.log_in()
            first = run(qbittorrent_script.script(), theirs, ours, QBITTORRENT)
        tell("transmission-daemon: half a minute")
        with (
            sides.transmission(root / "transmission", torrents) as there,
            sides.gateway(root / "second", torrents) as (_, here),
        ):
            there.log_in()
            here.log_in()
            second = run(transmission_script.script(), there, here, TRANSMISSION)
    return report({"qbittorrent-nox": (first, QBITTORRENT), "transmission-daemon": (second, TRANSMISSION)})


def report(found: dict[str, tuple[Sequence[Compared], Sequence[Reason]]]) -> Report:
    """Returns the report, given the comparisons with each program, and the table of reasons."""
    rows, checks, notes = [], [], []
    documents: dict[str, Any] = {}
    for program, (calls, reasons) in found.items():
        faults = [f"{each.call}: {fault}" for each in calls for fault in each.faults]
        counts = _counts(calls)
        rows.append((program, *(f"{count}" for count in counts)))
        checks.append(Check(f"unexplained differences from {program}", f"{len(faults)}", "0", not faults))
        used = Counter(reason for each in calls for reason in each.explained)
        unused = [reason for reason in reasons if reason not in used]
        checks.append(Check(f"reasons for {program} without use", f"{len(unused)}", "0", not unused, must=False))
        notes += [f"Different: {fault}" for fault in faults]
        notes += [f"{program}, {used[each]} calls: {each.call}, {each.field}: {each.why}." for each in reasons]
        documents[program] = {
            "calls": len(calls),
            "equal": counts[1],
            "explained": counts[2],
            "faults": faults,
            "reasons": [_document(each, used[each], calls) for each in reasons],
        }
    return Report(NAME, COLUMNS, rows, checks, notes, documents)


def _counts(calls: Sequence[Compared]) -> tuple[int, int, int, int]:
    equal = sum(each.equal for each in calls)
    different = sum(bool(each.faults) for each in calls)
    return len(calls), equal, len(calls) - equal - different, different


def _document(reason: Reason, calls: int, compared: Sequence[Compared]) -> dict[str, Any]:
    example: Difference | None = next((each.explained[reason] for each in compared if reason in each.explained), None)
    return {
        "call": reason.call,
        "field": reason.field,
        "why": reason.why,
        "calls": calls,
        "example": None if example is None else str(example),
    }
