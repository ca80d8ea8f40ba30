"""`scripts/doctor-test`: plants each fault, runs `ouzel doctor`, and prints a table of what was found."""

import json
import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple

import typer

from ouzel.cli.display.output import Output
from tools.doctor import running_faults, stopped_faults
from tools.doctor.fault import Fault, Planted
from tools.doctor.faults import FAULTS
from tools.rig import mounts
from tools.rig.scratch import scratch, unwinding

EXIT_CANNOT_RUN: Final = 77
PATIENCE_S: Final = 60.0
_ROW: Final = "{:22} {:15} {:8} {:>4} {:>5}  {}"


class Run(NamedTuple):
    """One run of `ouzel doctor`: its findings, its exit code, and its duration."""

    findings: list[dict[str, Any]]
    exit_code: int
    seconds: float


def doctor_test(
    only: Annotated[str | None, typer.Option(metavar="TEXT", help="Only faults whose names contain this text.")] = None,
) -> None:
    """Plant faults, and test that `ouzel doctor` finds each of them. Takes two minutes, and needs root.

    Exit codes: 0 if all faults were found, 1 if one was not found. 77 if the test cannot run here.
    """
    output = Output(as_json=False)
    if os.geteuid() != 0 or (why := mounts.refusal()) is not None:
        output.line("cannot run here: " + ("it needs root" if os.geteuid() else str(why)))
        raise typer.Exit(EXIT_CANNOT_RUN)
    mounts.enter_own_namespace()
    output.line(_ROW.format("fault", "check", "status", "exit", "s", "seen"))
    usual: set[tuple[str, str]] = set()
    for name, plant in (("none, stopped", stopped_faults.nothing), ("none, running", running_faults.running)):
        run = _run_in(plant)
        usual |= {_key(each) for each in run.findings}
        wrong = ", ".join(each["check"] for each in run.findings if each["status"] == "error") or "no error"
        output.line(_ROW.format(name, "all", "-", run.exit_code, f"{run.seconds:.1f}", wrong))
    faults = [fault for fault in FAULTS if only is None or only in fault.name]
    missed = 0
    for fault in faults:
        run = _run_in(fault.plant)
        hits = found_by(fault, run.findings, usual)
        missed += not hits
        status, seen = (hits[0]["status"], hits[0]["seen"]) if hits else ("-", "NOT FOUND")
        seconds = f"{run.seconds:.1f}"
        output.line(_ROW.format(fault.name, fault.check, status, run.exit_code, seconds, _shortened(seen)))
    output.line(f"{len(faults) - missed} of {len(faults)} faults found")
    raise typer.Exit(1 if missed else 0)


def found_by(fault: Fault, findings: Sequence[dict[str, Any]], usual: set[tuple[str, str]]) -> list[dict[str, Any]]:
    """The findings that report a fault, and that are not usual on this machine."""
    return [
        each
        for each in findings
        if each["check"] == fault.check
        and each["status"] in fault.statuses
        and fault.word in each["seen"]
        and _key(each) not in usual
    ]


def _run_in(plant: Any) -> Run:
    with scratch() as root, plant(root) as planted:
        return _run(planted)


def _run(planted: Planted) -> Run:
    began = time.monotonic()
    argv = [*planted.prefix, planted.python, "-I", "-m", "ouzel", "doctor", "--json", "--config", str(planted.config)]
    done = subprocess.run(
        argv,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env={**os.environ, **planted.environment},
        check=False,
        cwd=Path("/"),
    )
    assert done.stdout, done.stderr
    return Run(json.loads(done.stdout), done.returncode, time.monotonic() - began)


def _key(finding: dict[str, Any]) -> tuple[str, str]:
    return finding["check"], finding["seen"]


def _shortened(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:97]}..."


if __name__ == "__main__":
    with unwinding():
        typer.run(doctor_test)
