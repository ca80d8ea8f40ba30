"""Reports of benchmarks, for people and for programs."""

import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text


@dataclass(frozen=True)
class Check:
    """One result, compared with its expected value.

    Fields:
        must: whether a miss is an error. Otherwise a miss is only a missed goal.
    """

    what: str
    found: str
    wanted: str
    ok: bool
    must: bool = True


@dataclass(frozen=True)
class Report:
    """The results of a benchmark.

    Fields:
        columns: the headers of the table for people.
        rows: the rows of that table.
        notes: explanations of the table.
        document: the results for programs, in base units, with all single measurements.
    """

    benchmark: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    checks: Sequence[Check]
    notes: Sequence[str]
    document: Mapping[str, Any]


def tell(text: str) -> None:
    """Writes a line of progress to stderr."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def show(*reports: Report, as_json: bool) -> None:
    """Writes the reports to stdout, as JSON one per line. If a must is not met, raises typer.Exit with 1."""
    machine = _machine()
    for report in reports:
        if as_json:
            document = {
                "benchmark": report.benchmark,
                "machine": machine,
                **report.document,
                "checks": [asdict(check) for check in report.checks],
            }
            sys.stdout.write(json.dumps(document) + "\n")
        else:
            _print(report, machine)
    if any(check.must and not check.ok for report in reports for check in report.checks):
        raise typer.Exit(1)


def mb(count: float) -> str:
    """A number of bytes in MB (millions of bytes)."""
    return f"{count / 1e6:.1f} MB"


def _print(report: Report, machine: Mapping[str, Any]) -> None:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    load = ", ".join(f"{value:.1f}" for value in machine["load"])
    console.print(f"{report.benchmark}: {machine['cpus']} CPUs, load {load}, libtorrent {machine['libtorrent']}\n")
    if report.rows:
        grid = _grid(*report.columns)
        for column in grid.columns[1:]:
            column.justify = "right"
        for row in report.rows:
            grid.add_row(*row)
        console.print(grid, "")
    checks = _grid("CHECK", "FOUND", "WANTED", "")
    for check in report.checks:
        verdict = (
            Text("ok", "green") if check.ok else Text("WRONG", "bold red") if check.must else Text("missed", "red")
        )
        checks.add_row(check.what, check.found, check.wanted, verdict)
    if report.checks:
        console.print(checks)
    for note in report.notes:
        console.print(f"\n{note}", style="dim")


def _grid(*headers: str) -> Table:
    grid = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for header in headers:
        grid.add_column(header)
    return grid


def _machine() -> dict[str, Any]:
    return {
        "cpus": os.cpu_count(),
        "load": os.getloadavg(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "libtorrent": metadata.version("libtorrent"),
        "ouzel": metadata.version("ouzel"),
    }
