"""Runs the plays, and reports their steps."""

import contextlib
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

from tools.bench.report import Check, Report, tell
from tools.interop import network
from tools.interop.clients import environment
from tools.interop.clients.environment import Environment
from tools.interop.clients.play import Ended, Play, Scene, Steps
from tools.interop.clients.plays import PLAYS
from tools.interop.clients.stage import Stage

CLIENTS: Final = "clients"
"""The name of this part."""

NAMES: Final = {CLIENTS, *(play.program.lower() for play in PLAYS)}
"""The name of this part, and those of the plays."""


def run(root: Path, versions: dict[str, str], only: str) -> Report:
    """Runs all plays, or only the play that `only` names. Raises CannotRun.

    First installs the packages from PyPI. Then this process moves into a network that is not connected to others.
    """
    plays = [play for play in PLAYS if only in (CLIENTS, play.program.lower())]
    tell("installing the programs of PyPI")
    environments = {
        play.program: environment.install(root / f"venv{number}", play.pypi, bare=play.bare)
        for number, play in enumerate(plays)
        if play.pypi
    }
    network.enter()
    rows, documents, checks, failures = [], [], [], []
    for number, play in enumerate(plays):
        venv = environments.get(play.program)
        version = versions[play.debian] if play.debian else "-" if venv is None else _version(play, venv)
        steps = _steps(play, root / f"{number}", venv)
        failed = [step for step in steps.done if step.problem]
        good = len(steps.done) - len(failed)
        source = "Debian" if play.debian else "PyPI" if venv else "its requests"
        rows.append((play.program, version, source, f"{good}", f"{len(failed)}"))
        checks.append(Check(f"steps of {play.program}", f"{good}", f"{len(steps.done)}", not failed))
        failures += [f"{play.program}, {step.what}: {step.problem}" for step in failed]
        documents.append(
            {"program": play.program, "version": version, "steps": [step._asdict() for step in steps.done]}
        )
        tell(f"{play.program}: {'; '.join(step.problem for step in failed) or f'{good} steps'}")
    columns = ("PROGRAM", "VERSION", "FROM", "STEPS", "FAILED")
    note = "The first failed step ends a program's play. In each play the engine is killed half way by SIGKILL."
    return Report(CLIENTS, columns, rows, checks, [note, *failures], {"plays": documents})


def _steps(play: Play, root: Path, venv: Environment | None) -> Steps:
    steps = Steps()
    with Stage(root) as stage, contextlib.suppress(Ended):
        play.run(Scene(stage, steps, venv))
    return steps


def _version(play: Play, venv: Environment) -> str:
    """The version of the first package in the venv."""
    name = play.pypi[0].partition("==")[0]
    [site] = venv.root.glob("lib/python*/site-packages")
    [found] = distributions(name=name, path=[str(site)])
    return found.version
