"""`scripts/bench compare`: the command line."""

import json
import os
import shutil
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Final

import typer

from tools.bench.options import AsJson, Keep, SizeMib
from tools.bench.report import Check, Report, show, tell
from tools.compare import page, plots
from tools.compare.metrics import METRICS, shown
from tools.compare.programs.table import ROWS, Row, chosen, ready
from tools.compare.result import Failure, Result, machine, today
from tools.compare.works import WORKS
from tools.compare.world import Sizes, World
from tools.interop.network import Peer
from tools.interop.packages import CannotRun
from tools.rig.scratch import scratch, unwinding

EXIT_CANNOT_RUN: Final = 77
SLOW_S: Final = 30.0
"""A program runs a work only once if the run took longer, or failed."""

ONCE: Final = frozenset({"many", "small"})
"""The works that run once. They take long, and each has many torrents, so that chance evens out."""

DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
_PEER: Final = 2


def compare(
    size: SizeMib = 1024,
    torrents: Annotated[int, typer.Option(min=1, help="The number of torrents of the work `many`.")] = 1000,
    small: Annotated[int, typer.Option(min=1, help="The number of torrents of the work `small`.")] = 300,
    runs: Annotated[int, typer.Option(min=1, help="The runs of each work; `many` and `small` run once.")] = 3,
    only: Annotated[str, typer.Option(metavar="WORKS", help=f"Some of: {', '.join(WORKS)}.")] = "",
    programs: Annotated[
        str, typer.Option(metavar="NAMES", help=f"Some of: {', '.join(row.key for row in ROWS)}.")
    ] = "",
    idle_s: Annotated[
        float, typer.Option("--idle", min=1, metavar="S", help="How long idle programs are watched.")
    ] = 10,
    calls: Annotated[int, typer.Option(min=1, help="The number of measured reads, and of measured changes.")] = 200,
    limit_s: Annotated[float, typer.Option("--limit", min=1, metavar="S", help="The time limit of each wait.")] = 45,
    write: Annotated[bool, typer.Option("--write", help="Write docs/benchmark.md and docs/benchmark/.")] = False,
    again: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Measure nothing; use this JSON document.")
    ] = None,
    as_json: AsJson = False,
    keep: Keep = False,
) -> None:
    """Compare Ouzel, bare libtorrent, qBittorrent, Transmission, aria2 and rqbit on the same work.

    Needs root, for network namespaces. Missing packages of Debian are installed, and rqbit is built by cargo.
    """
    if again is not None:
        result = Result.of(json.loads(again.read_text()))
    else:
        try:
            works, rows = _works(only), chosen(programs)
        except ValueError as problem:
            raise typer.BadParameter(str(problem)) from problem
        sizes = Sizes(size, torrents, small, idle_s, calls, limit_s)
        try:
            result = _measured(works, rows, sizes, runs, keep)
        except CannotRun as reason:
            sys.stderr.write(f"cannot run here: {reason}\n")
            raise typer.Exit(EXIT_CANNOT_RUN) from reason
    if write:
        _write(result)
    show(_report(result), as_json=as_json)


def _works(names: str) -> list[str]:
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    if unknown := [name for name in wanted if name not in WORKS]:
        raise ValueError(f"no work {unknown[0]}; there are {', '.join(WORKS)}")
    return [work for work in WORKS if not wanted or work in wanted]


def _measured(works: list[str], rows: list[Row], sizes: Sizes, runs: int, keep: bool) -> Result:
    tell("installing what is missing")
    versions, missing = ready(rows)
    for name, reason in missing.items():
        tell(f"{name}: not here: {reason}")
    rows = [row for row in rows if row.name in versions]
    command = " ".join(["scripts/bench compare", *sys.argv[1:]])
    result = Result(command, today(), machine(), versions, missing, asdict(sizes))
    result.runs.update((row.name, []) for row in rows)
    with scratch(keep=keep) as root:
        needed = replace(sizes, tiny=sizes.tiny if "many" in works else 0, small=sizes.small if "small" in works else 0)
        tell("making the payloads")
        with World(root, needed) as world:
            began = time.monotonic()
            for work in works:
                slow: set[str] = set()
                for number in range(1 if work in ONCE else runs):
                    turn = number % len(rows) if rows else 0
                    for row in (*rows[turn:], *rows[:turn]):
                        if work in row.works and row.name not in slow and _run(result, world, row, work, number, keep):
                            slow.add(row.name)
            result.took_s = time.monotonic() - began
    return result


def _run(result: Result, world: World, row: Row, work: str, number: int, keep: bool) -> bool:
    """Runs one work of one program in an empty directory.

    A failure is noted. Returns whether the run failed or was slow.
    """
    home = world.root / "run"
    home.mkdir()
    os.sync()
    began = time.monotonic()
    try:
        with Peer(_PEER) as peer, row.start(peer, home) as program:
            values = WORKS[work](program, world, row.has_api)
    except (AssertionError, OSError, TimeoutError) as problem:
        result.failures.append(Failure(row.name, work, f"run {number + 1}: {problem}"))
        tell(f"{work} {number + 1}: {row.name}: FAILED: {problem}")
        return True
    else:
        result.runs[row.name].append(values)
        first = next(metric for metric in METRICS if metric.key in values)
        took_s = time.monotonic() - began
        tell(f"{work} {number + 1}: {row.name}: {first.label}: {shown(first, values[first.key])}; run {took_s:.0f} s")
        return took_s > SLOW_S
    finally:
        if keep:
            home.rename(world.root / f"{work}-{number}-{row.key}")
        else:
            shutil.rmtree(home)


def _write(result: Result) -> None:
    """Writes the page, its plots and its JSON document."""
    directory = DOCS / "benchmark"
    directory.mkdir(exist_ok=True)
    names = plots.write(directory, result.cells)
    (directory / "results.json").write_text(json.dumps(result.document(), indent=1) + "\n")
    paths = {work: f"benchmark/{name}" for work, name in names.items()}
    (DOCS / "benchmark.md").write_text(page.page(result, paths))


def _report(result: Result) -> Report:
    names = [name for name in result.runs if result.runs[name]]
    return Report(
        benchmark="compare",
        columns=("", *names),
        rows=[tuple(row) for row in page.table(names, result.cells)],
        checks=[Check(f"{each.program}, {each.work}", each.problem, "a result", ok=False, must=False)
                for each in result.failures],
        notes=[
            *(f"{name}: not here: {reason}" for name, reason in result.missing.items()),
            "Medians, with the ratio to Ouzel in brackets: more than 1 means that Ouzel is better.",
        ],
        document=result.document(),
    )  # fmt: skip


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
app.command()(compare)

if __name__ == "__main__":
    with unwinding():
        app(prog_name="scripts/bench compare")
