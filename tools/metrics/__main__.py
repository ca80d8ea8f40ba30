"""`scripts/check-metrics`: runs promtool, and plays a day with a real Prometheus. Prints a table."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated, Final

import typer

from ouzel.cli.display.output import Output
from tools.metrics import programs
from tools.metrics.dashboard import rules
from tools.metrics.day.stage import stage
from tools.metrics.day.verdict import StepResult, never_fired, panels, play
from tools.metrics.programs import CannotRun, Programs
from tools.metrics.scraping import scraped
from tools.rig import mounts
from tools.rig.scratch import scratch, unwinding

EXIT_CANNOT_RUN: Final = 77
ROOT: Final = Path(__file__).parents[2]
_LOG_TAIL: Final = 20


def check_metrics(
    only_promtool: Annotated[bool, typer.Option("--only-promtool", help="Do not play the day.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the temporary directory, with all logs.")] = False,
) -> None:
    """Check the metrics and the rules with promtool, and play a day of transfers and faults with a real Prometheus.

    The day takes three minutes, and needs root for small file systems. If Prometheus is not installed, Debian's package
    is unpacked into a temporary directory.

    Exit codes: 0 if all is well, 1 if something is wrong, 77 if the check cannot run here.
    """
    output = Output(as_json=False)
    with scratch(keep=keep) as root:
        try:
            if not only_promtool:
                _require_mounts()
            found = programs.find(root)
        except CannotRun as error:
            output.line(f"cannot run here: {error}")
            raise typer.Exit(EXIT_CANNOT_RUN) from error
        output.line(f"Prometheus {programs.version(found)}")
        good = _promtool(found, output)
        if not only_promtool:
            good = _day(found, root, output) and good
    output.line("All is well." if good else "SOMETHING IS WRONG, see above.")
    raise typer.Exit(0 if good else 1)


def _require_mounts() -> None:
    if os.geteuid() != 0:
        raise CannotRun("the day needs root; --only-promtool does not")
    if (why := mounts.refusal()) is not None:
        raise CannotRun(why)
    mounts.enter_own_namespace()


def _promtool(found: Programs, output: Output) -> bool:
    """Runs the three checks of promtool. Returns whether all were successful."""
    text = scraped()
    series = sum(not line.startswith("#") for line in text.splitlines())
    checks = (
        (f"check metrics ({series} series)", ["check", "metrics"], text),
        ("check rules", ["check", "rules", str(ROOT / rules.PATH)], ""),
        ("test rules", ["test", "rules", str(ROOT / rules.TEST_PATH)], ""),
    )
    good = True
    for name, arguments, given in checks:
        done = subprocess.run(
            [found.promtool, *arguments], input=given, text=True, check=False, capture_output=True, timeout=120
        )
        output.line(f"promtool {name}: exit code {done.returncode}")
        if done.returncode:
            output.line(done.stdout + done.stderr)
            good = False
    return good


def _day(found: Programs, root: Path, output: Output) -> bool:
    """Plays the day. Returns whether all alerts fired and all panels had data."""

    def report(step: StepResult) -> None:
        output.line(f"{step.name:32} {step.seconds:6.1f} s  {step.wrong or ', '.join(step.fires) or 'ok'}")

    since = time.time()
    with stage(root, found.prometheus) as on:
        good = play(on, report)
        if not good:
            for line in on.daemon.log.read_text().splitlines()[-_LOG_TAIL:]:
                output.line(f"  {line}")
        count = 0
        for panel in panels(on, since):
            count += 1
            good = good and not panel.wrong
            output.line(f"panel {panel.title:32} {panel.samples:7} samples  {panel.wrong}")
        output.line(
            f"{count} panels in {time.time() - since:.0f} s; not fired: {', '.join(never_fired(on.prometheus, since))}"
        )
    return good


if __name__ == "__main__":
    with unwinding():
        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        app.command()(check_metrics)
        sys.exit(app(prog_name="scripts/check-metrics"))
