"""Makes the report of a history."""

import json
import sys
from collections import Counter
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from tools.chaos.checker import validity
from tools.chaos.checker.verdict import Verdict
from tools.chaos.checker.violation import INVARIANTS
from tools.chaos.history.entries import Checkpoint, Ended
from tools.chaos.history.recorder import History

SHOWN: Final = 20
"""The maximum number of violations that are shown to people."""


def document(history: History, verdict: Verdict) -> dict[str, Any]:
    """The report for programs."""
    ends = Counter(entry.end for entry in history.entries if isinstance(entry, Ended))
    times = [entry.at for entry in history.entries]
    recovered = [entry.recovered_s for entry in history.entries if isinstance(entry, Checkpoint)]
    return {
        "seed": history.plan.header.seed,
        "verdict": {0: "holds", 1: "violated", 3: "invalid"}[verdict.exit_code],
        "seconds": round(max(times) - min(times), 1) if times else 0.0,
        "kills": validity.deaths(history),
        "operations": {"ok": ends["ok"], "fail": ends["fail"], "unknown": ends["unknown"]},
        "recovered_s": recovered,
        "faults": {
            name: {"played": played, "bit": bit, "kills": kills}
            for name, (played, bit, kills) in validity.faults(history).items()
        },
        "violations": [
            {"invariant": each.invariant, "at": each.at, "operation": each.operation, "message": each.message}
            for each in verdict.violations
        ],
        "invalid": verdict.invalid,
        "harness": validity.harness_problems(history),
    }


def show(history: History, verdict: Verdict, *, as_json: bool) -> None:
    """Writes the report to stdout."""
    told = document(history, verdict)
    if as_json:
        sys.stdout.write(json.dumps(told) + "\n")
        return
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    table = Table("FAULT", "PLAYED", "BIT", "KILLS", box=None, pad_edge=False, header_style="bold")
    for name, each in told["faults"].items():
        table.add_row(name, str(each["played"]), str(each["bit"]), str(each["kills"]))
    console.print(table)
    ends = told["operations"]
    console.print(
        f"\n{told['seconds']:.0f} s, seed {told['seed']}: {told['kills']} kills; operations: {ends['ok']} ok, "
        f"{ends['fail']} fail, {ends['unknown']} unknown"
    )
    broken = Counter(each.invariant for each in verdict.violations)
    for invariant, count in broken.most_common():
        console.print(f"\nVIOLATED {count} times: {INVARIANTS[invariant]}", style="bold red")
        for each in [each for each in verdict.violations if each.invariant == invariant][:SHOWN]:
            console.print(f"  {each.at:.3f}: {each.message}", markup=False)
    for problem in told["harness"]:
        console.print(f"harness: {problem}", markup=False)
    for reason in verdict.invalid:
        console.print(f"INVALID: {reason}", style="bold yellow")
    if not verdict.exit_code:
        console.print(f"All {len(INVARIANTS)} invariants hold.", style="green")
