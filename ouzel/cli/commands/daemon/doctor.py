"""`ouzel doctor`: examines the machine and the daemon, and says what to do. Needs no running daemon."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from rich.console import Group, RenderableType
from rich.text import Text

from ouzel.cli.arguments import AsJson
from ouzel.cli.display.output import Output
from ouzel.cli.failure import ExitCode
from ouzel.doctor.finding import Finding, Status

_STYLES: Final = {
    Status.OK: "green",
    Status.INFO: "cyan",
    Status.WARNING: "yellow",
    Status.ERROR: "bold red",
    Status.UNKNOWN: "magenta",
}


def doctor(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The daemon's configuration file.", show_default="that of a running daemon"),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show what is in order, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Examine this machine and the daemon, and say what to do. Changes nothing, and needs no running daemon.

    It examines the configuration, directories, disks, ports, the clock, limits, systemd, versions, certificates and
    crashes. JSON has all findings.
    """
    from ouzel.doctor import discovery, runner  # with psutil, which other commands do not need
    from ouzel.doctor.all_checks import CHECKS

    root = context.find_root()
    if root.params.get("server"):
        raise typer.BadParameter("run it on the daemon's machine, without --server", param_hint="--server")
    target = discovery.find(config, root.params.get("runtime_dir"))
    findings = runner.run(target, CHECKS)
    shown = [each for each in findings if everything or each.status is not Status.OK]
    Output(as_json=as_json).show(msgspec.to_builtins(findings), lambda: _table(shown, findings))
    raise typer.Exit(code_of(findings))


def code_of(findings: Sequence[Finding]) -> ExitCode:
    """The exit code. The worst finding determines it."""
    found = {each.status for each in findings}
    if Status.ERROR in found:
        return ExitCode.FOUND_ERRORS
    return ExitCode.FOUND_WARNINGS if Status.WARNING in found else ExitCode.OK


def _table(shown: Sequence[Finding], findings: Sequence[Finding]) -> RenderableType:
    lines = []
    for each in shown:
        subject = "" if each.subject is None else f" {each.subject}"
        lines.append(
            Text.assemble(
                (f"{each.status.value:8}", _STYLES[each.status]), (f"{each.check}{subject}", "bold"), f": {each.seen}"
            )
        )
        if each.advice is not None:
            lines.append(Text(f"        -> {each.advice}"))
    counts = {status: sum(each.status is status for each in findings) for status in Status}
    said = ", ".join(f"{count} {status.value}" for status, count in counts.items() if count)
    return Group(*lines, Text(f"{len(findings)} findings: {said}"))
