"""`hangs`: makes the engine hang in three ways. Measures the time until the next engine accepts commands.

The way `network` stops only libtorrent's network thread. The engine's loop continues, but libtorrent does not answer.
Hangs begin at random times between heartbeats. The window of the restart budget is short, so there is no back-off.
"""

import os
import random
import time
from pathlib import Path
from statistics import median
from typing import Annotated, Final, NamedTuple

import typer

from tools.bench.options import AsJson, Keep
from tools.bench.report import Check, Report, show, tell
from tools.engines import hanging_engine
from tools.rig.daemon import Daemon
from tools.rig.scratch import scratch
from tools.rig.waiting import until
from tools.rig.watcher import Watcher

GOAL_S: Final = 4.0
RESTART: Final = {"budget": 1000, "window_s": 1.0}
LIVES_S: Final = 0.5
"""The minimum lifetime of an engine before it is made to hang. A random time of up to the same length is added."""


class Hang(NamedTuple):
    """One hang. Times are in seconds since the beginning of the hang.

    Fields:
        died_s: until the engine was dead.
        ready_s: until the next engine accepted commands.
        applied_s: until libtorrent had confirmed a client's change.
        stacks: whether the crash report has the stacks.
    """

    way: str
    died_s: float
    ready_s: float
    applied_s: float
    stacks: bool


def hangs(
    runs: Annotated[int, typer.Option("--runs", min=1, max=50, help="The number of hangs in each way.")] = 20,
    way: Annotated[str, typer.Option("--way", help="The way of hanging: stop, lock, network or all.")] = "all",
    as_json: AsJson = False,
    keep: Keep = False,
) -> None:
    """Make the engine hang: stopped, with the interpreter's lock held, or with libtorrent's network thread stalled."""
    ways = tuple(hanging_engine.SIGNALS) if way == "all" else (way,)
    if not set(ways) <= set(hanging_engine.SIGNALS):
        raise typer.BadParameter(f"{way} is not one of {', '.join(hanging_engine.SIGNALS)}, all", param_hint="--way")
    done = []
    with scratch(keep=keep) as root:
        for each in ways:
            done += _hang_repeatedly(root / each, each, runs)
    show(_report(ways, done), as_json=as_json)


def _hang_repeatedly(root: Path, way: str, runs: int) -> list[Hang]:
    done: list[Hang] = []
    with (
        Daemon(root, restart=RESTART, engine_module=hanging_engine.MODULE) as daemon,
        Watcher(daemon.runtime_dir) as seen,
    ):
        until(daemon.healthy, "the daemon is healthy")
        while len(done) < runs:
            done.append(_hang(daemon, seen, way))
            tell(
                f"{way}, {len(done)} of {runs}: dead in {done[-1].died_s:.2f} s, a new one in {done[-1].ready_s:.2f} s"
            )
    return done


def _hang(daemon: Daemon, seen: Watcher, way: str) -> Hang:
    engine = daemon.client.health().engine
    assert engine.pid is not None
    begins_at = time.monotonic() + LIVES_S * (1 + random.random())
    until(lambda: time.monotonic() >= begins_at, "the engine has lived for a while")
    began = time.monotonic()
    os.kill(engine.pid, hanging_engine.SIGNALS[way])
    died = seen.wait(lambda event: event.type == "engine_lost" and event.gen == engine.gen, "the engine's death")
    ready = seen.wait(lambda event: event.type == "engine_started" and event.gen > engine.gen, "a new engine")
    daemon.client.update_limits(upload_bps=1_000_000 + engine.gen, wait="applied")
    applied_s = time.monotonic() - began
    [crash] = until(lambda: [each for each in daemon.client.list_crashes() if each.gen == engine.gen], "its report")
    stacks = daemon.client.get_crash(crash.name).stacks
    return Hang(way, died.at - began, ready.at - began, applied_s, "most recent call first" in stacks)


def _report(ways: tuple[str, ...], done: list[Hang]) -> Report:
    rows: list[tuple[str, ...]] = []
    checks = []
    for way in ways:
        of_it = [hang for hang in done if hang.way == way]
        for what, times in (
            ("hang to death", [hang.died_s for hang in of_it]),
            ("hang to new engine", [hang.ready_s for hang in of_it]),
            ("hang to a change applied", [hang.applied_s for hang in of_it]),
        ):
            rows.append((f"{way}: {what}", *(f"{figure:.2f} s" for figure in (median(times), min(times), max(times)))))
        soon = sum(hang.ready_s <= GOAL_S for hang in of_it)
        stacks = sum(hang.stacks for hang in of_it)
        checks += [
            Check(
                f"{way}: new engine within {GOAL_S:g} s",
                f"{soon} of {len(of_it)}",
                "all",
                soon == len(of_it),
                must=False,
            ),
            Check(f"{way}: stacks in the report", f"{stacks} of {len(of_it)}", "all", stacks == len(of_it)),
        ]
    return Report(
        benchmark="hangs",
        columns=("", "MEDIAN", "MIN", "MAX"),
        rows=rows,
        checks=checks,
        notes=["Of these, the engine may be silent for 3 s before it is ended."],
        document={"hangs": [hang._asdict() for hang in done]},
    )
