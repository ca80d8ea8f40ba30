"""`poison`: counts the crashes until the poison torrents among many good torrents are in quarantine.

Failpoints of `tools.engines` cause real native crashes at these moments:

- `strong`: in the native call that adds the torrent
- `weak`: in a native thread, some time after all adds were confirmed, when nothing is in flight
- `late`: in a native thread 40 ms after the add, while other torrents are being added

The restart budget is the default. The crashes must not exceed the budget.
"""

from math import floor, log2
from pathlib import Path
from random import Random
from typing import Annotated, Final, NamedTuple

import typer

from tools.bench.options import AsJson, Keep
from tools.bench.report import Check, Report, show, tell
from tools.engines.outbreak import Evidence, Outcome, outbreak
from tools.rig.scratch import scratch

PATIENCE_S: Final = 300.0
KINDS: Final[tuple[Evidence, ...]] = ("strong", "weak", "late")
STRONG_CRASHES: Final = 3


class Run(NamedTuple):
    """The result of one outbreak."""

    evidence: Evidence
    poisons: int
    bound: int
    wrong: int
    outcome: Outcome


def poison(
    n: Annotated[int, typer.Option("--n", min=1, help="The number of good torrents.")] = 200,
    runs: Annotated[int, typer.Option("--runs", min=1, help="The number of outbreaks of each kind.")] = 1,
    kind: Annotated[str, typer.Option("--kind", help="The kind of crash: strong, weak, late or all.")] = "all",
    at_once: Annotated[
        list[int] | None,
        typer.Option("--at-once", min=1, help="The number of poison torrents; by default 1 and 2. Repeatable."),
    ] = None,
    as_json: AsJson = False,
    keep: Keep = False,
) -> None:
    """Add one or two torrents that crash the engine: crashes, and seconds until all good torrents seed."""
    kinds = tuple(each for each in KINDS if kind in (each, "all"))
    if not kinds:
        raise typer.BadParameter(f"{kind} is not one of {', '.join(KINDS)}, all", param_hint="--kind")
    counts = tuple(at_once or (1, 2))
    chance = Random(n)
    done = []
    with scratch(keep=keep) as root:
        for evidence in kinds:
            for poisons in counts:
                for number in range(1, runs + 1):
                    run = _run(root / f"{evidence[0]}{poisons}{number}", evidence, n, poisons, chance)
                    done.append(run)
                    tell(
                        f"{evidence}, {poisons} of {n + poisons}: {run.outcome.crashes} crashes (at most {run.bound}), "
                        f"{run.outcome.seconds:.1f} s until {n} seed"
                    )
    show(_report(n, kinds, counts, done), as_json=as_json)


def _run(root: Path, evidence: Evidence, n: int, poisons: int, chance: Random) -> Run:
    count = n + poisons
    each = STRONG_CRASHES if evidence == "strong" else 2 + floor(log2(count))
    with outbreak(root, count) as made:
        guilty = [sample.torrent for sample in chance.sample(made.samples, poisons)]
        outcome = made.break_out(guilty, evidence, patience_s=PATIENCE_S)
    return Run(evidence, poisons, each * poisons, len((outcome.quarantined | outcome.told) ^ set(guilty)), outcome)


def _report(n: int, kinds: tuple[Evidence, ...], counts: tuple[int, ...], done: list[Run]) -> Report:
    rows, checks = [], []
    for evidence in kinds:
        for poisons in counts:
            runs = [run for run in done if (run.evidence, run.poisons) == (evidence, poisons)]
            crashes, seconds = [run.outcome.crashes for run in runs], [run.outcome.seconds for run in runs]
            rows.append((f"{evidence}, {poisons} at once", str(max(crashes)), f"{max(seconds):.1f} s"))
            bound = runs[0].bound
            checks.append(
                Check(
                    f"{evidence}, {poisons} at once: crashes",
                    str(max(crashes)),
                    f"<= {bound}",
                    max(crashes) <= bound,
                    must=evidence != "late",
                )
            )
    wrong = sum(run.wrong for run in done)
    checks.append(Check("quarantined by mistake, or not", str(wrong), "0", wrong == 0))
    return Report(
        benchmark=f"poison, {n} good torrents",
        columns=("WORST OF EACH", "CRASHES", "UNTIL ALL GOOD SEED"),
        rows=rows,
        checks=checks,
        notes=["Seconds are from a kill after which all torrents were to be loaded again, until all good ones seeded."],
        document={"torrents": n, "runs": [_plain(run) for run in done]},
    )


def _plain(run: Run) -> dict[str, object]:
    return {
        "evidence": run.evidence,
        "poisons": run.poisons,
        "bound": run.bound,
        "wrong": run.wrong,
        "crashes": run.outcome.crashes,
        "seconds": run.outcome.seconds,
    }
