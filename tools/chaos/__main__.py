"""`scripts/chaos`: plays a plan, checks its history, and shrinks a failing plan."""

import math
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Final

import typer

from tools.chaos.checker.verdict import Verdict, judge
from tools.chaos.history.recorder import read
from tools.chaos.nemesis.nemesis import chosen
from tools.chaos.plan.making import FAULTS_PER_S, make
from tools.chaos.plan.plan import Plan
from tools.chaos.report import report
from tools.chaos.run import run
from tools.chaos.shrink.shrink import shrink
from tools.rig import mounts
from tools.rig.scratch import unwinding

ROUND_S: Final = 30.0

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command(
    epilog="Exit code 0: all invariants hold. 1: one is violated. 3: the run is invalid, because it had too little "
    "traffic, or because a fault never bit."
)
def chaos(
    minutes: Annotated[float, typer.Option(min=0.05, help="The time for traffic and faults.")] = 2.0,
    seed: Annotated[int, typer.Option(help="The seed of the plan.")] = 1,
    history: Annotated[Path | None, typer.Option(help="Write the history to this file.")] = None,
    faults: Annotated[str, typer.Option(metavar="A,B", help="Only these faults or groups. The default is all.")] = "",
    replay: Annotated[Path | None, typer.Option(help="Play the plan of this history again.")] = None,
    check: Annotated[Path | None, typer.Option(help="Only check this history.")] = None,
    shrinks: Annotated[bool, typer.Option("--shrink", help="Shrink the plan if an invariant is violated.")] = False,
    round_s: Annotated[float, typer.Option("--round", metavar="SECONDS", min=2, help="Length of a round.")] = ROUND_S,
    rate: Annotated[float, typer.Option(metavar="PER_S", min=0.01, help="Planned faults per second.")] = FAULTS_PER_S,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON document.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the temporary directory, with the daemon's log.")] = False,
) -> None:
    """Disturb a daemon under traffic, and check that nothing acknowledged is lost."""
    mounts.enter_own_namespace()
    if check is not None:
        found = read(check)
        verdict = judge(found)
        report.show(found, verdict, as_json=as_json)
        raise typer.Exit(verdict.exit_code)
    try:
        plan = _plan(minutes, seed, faults, round_s, rate) if replay is None else read(replay).plan
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--faults") from error
    with tempfile.TemporaryDirectory(prefix="ouzel-history-") as directory:
        path = history or Path(directory) / "history.jsonl"
        run(plan, path, _tell, minutes=minutes if replay is None else None, keep=keep)
        found = read(path)
        verdict = judge(found)
        report.show(found, verdict, as_json=as_json)
        if verdict.violations and shrinks:
            smaller = (history or Path("chaos.jsonl")).with_suffix(".shrunk.jsonl")
            _shrink(plan, verdict, smaller)
            _tell(f"the smallest failing run is in {smaller}; play it by --replay")
    raise typer.Exit(verdict.exit_code)


def _plan(minutes: float, seed: int, faults: str, round_s: float, rate: float) -> Plan:
    wanted = chosen([name for name in faults.split(",") if name])
    rounds = max(1, math.ceil(minutes * 60 / round_s))
    weights = {name: each.weight for name, each in wanted.items()}
    return make(seed=seed, rounds=rounds, round_s=min(round_s, minutes * 60), faults=weights, faults_per_s=rate)


def _shrink(plan: Plan, verdict: Verdict, path: Path) -> None:
    """Writes the history of the smallest failing run to a file."""
    broken = {each.invariant for each in verdict.violations}

    def fails(part: Plan) -> bool:
        trial = path.with_suffix(".trial")
        run(part, trial, lambda text: None)
        same = bool(broken & {each.invariant for each in judge(read(trial)).violations})
        if same:
            trial.replace(path)
        else:
            trial.unlink()
        return same

    shrink(plan, fails, _tell)


def _tell(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    with unwinding():
        app(prog_name="scripts/chaos")
