"""`acknowledged`: checks that no acknowledged change is lost by SIGKILL at random moments.

Several clients pipeline mutations of every kind. The engine or the supervisor is killed at most three milliseconds
after a random number of acknowledgements. Afterwards the state is compared with the acknowledged changes. Other changes
may or may not have taken effect. One kill in four is made while the engine is starting or restoring.
"""

import random
import secrets
import time
from collections import Counter
from enum import StrEnum
from statistics import median
from typing import Annotated, Any

import typer

from tools.bench.options import AsJson, Keep
from tools.bench.report import Check, Report, show, tell
from tools.rig.clients.moments import SOON_S, Moment, Moments, restart_settings
from tools.rig.clients.mutator import Mutator
from tools.rig.daemon import Daemon
from tools.rig.scratch import scratch


class Target(StrEnum):
    """The process to kill."""

    ENGINE = "engine"
    SUPERVISOR = "supervisor"


def acknowledged(
    count: Annotated[int, typer.Option("--kills", min=1, help="The number of kills.")] = 200,
    target: Annotated[Target, typer.Option("--target", help="The process to kill.")] = Target.ENGINE,
    clients: Annotated[int, typer.Option("--clients", min=1, help="The number of clients that send changes.")] = 4,
    seed: Annotated[int | None, typer.Option("--seed", help="The random seed; a new one by default.")] = None,
    as_json: AsJson = False,
    keep: Keep = False,
) -> None:
    """Kill at random moments: every acknowledged change must be present afterwards."""
    seed = secrets.randbits(32) if seed is None else seed
    chance = random.Random(seed)
    began = time.monotonic()
    moments: list[Moment] = []
    with (
        scratch(keep=keep) as root,
        Daemon(root / "d", restart=restart_settings(count)) as daemon,
        Moments(daemon, target.value, chance, mutators=clients) as trial,
    ):
        while len(moments) < count:
            moments.append(trial.strike())
            tell(f"kill {len(moments)} of {count}: {moments[-1].acknowledged} acknowledged" + _told(moments[-1]))
        last = trial.finish()
    report = _report(target, seed, moments, last, trial.mutators, time.monotonic() - began)
    show(report, as_json=as_json)


def _told(moment: Moment) -> str:
    lost = [f"\n  LOST: {loss}" for loss in moment.losses]
    return "".join([*lost, *(f"\n  not applied: {each}" for each in moment.unapplied)])


def _report(
    target: Target,
    seed: int,
    moments: list[Moment],
    last: tuple[list[str], list[str]],
    mutators: list[Mutator],
    seconds: float,
) -> Report:
    losses = [loss for moment in moments for loss in moment.losses] + last[0]
    others = [each for moment in moments for each in moment.unapplied] + last[1]
    by_op = sum((mutator.acknowledged for mutator in mutators), Counter[str]())
    refused = sum((mutator.refused for mutator in mutators), Counter[str]())
    wrong = [each for mutator in mutators for each in mutator.wrong]
    unanswered = [moment.unanswered for moment in moments]
    too_many = sum(mutator.too_many for mutator in mutators)
    back = [moment.back_s for moment in moments if moment.back_s is not None]
    columns: list[tuple[str, list[Any], str]] = [
        ("acknowledged since the last kill", [moment.acknowledged for moment in moments], ".0f"),
        (f"  in the last {SOON_S * 1e3:.0f} ms before it", [moment.soon for moment in moments], ".0f"),
        ("unanswered", unanswered, ".0f"),
        ("kill to all applied, s", back or [0.0], ".2f"),
    ]
    once = too_many == 0 and (target is Target.SUPERVISOR or not any(unanswered))
    return Report(
        benchmark=f"acknowledged, {target}",
        columns=("", "MEDIAN", "MAX"),
        rows=[(name, f"{median(values):{form}}", f"{max(values):{form}}") for name, values, form in columns],
        checks=[
            Check(f"acknowledgements lost in {len(moments)} kills", str(len(losses)), "0", not losses),
            Check("changes not applied, and dead engines", str(len(others)), "0", not others),
            Check("acknowledgements checked", str(by_op.total()), "> 0", by_op.total() > 0),
            Check(
                "replies to a request",
                f"{sum(unanswered)} have none, {too_many} too many",
                "1, or none of a dead supervisor" if target is Target.SUPERVISOR else "1",
                once,
            ),
            Check("refused for no good reason", str(len(wrong)), "0", not wrong),
        ],
        notes=[
            "Acknowledged: " + ", ".join(f"{number} {op}" for op, number in by_op.most_common()) + ".",
            "Refused: " + (", ".join(f"{number} {name}" for name, number in refused.most_common()) or "none") + ".",
            f"{seconds:.0f} s, seed {seed}.",
            *losses,
            *others,
            *wrong,
        ],
        document={
            "target": target.value,
            "seed": seed,
            "seconds": seconds,
            "acknowledged": dict(by_op),
            "refused": dict(refused),
            "sent": sum(mutator.sent for mutator in mutators),
            "too_many_replies": too_many,
            "losses": losses,
            "others": others,
            "wrong": wrong,
            "moments": [moment._asdict() for moment in moments],
        },
    )
