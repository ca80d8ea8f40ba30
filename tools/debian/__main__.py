"""`scripts/package`: builds the Debian package, and checks it with lintian."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from tools.debian.build import ROOT, CannotBuild, build, lint
from tools.rig.scratch import scratch, unwinding


def package(
    output: Annotated[Path, typer.Option(metavar="DIR", help="Where the package is written.")] = ROOT / "dist",
    version: Annotated[
        str | None, typer.Option(metavar="VERSION", help="The package's version; pyproject.toml's by default.")
    ] = None,
    commit: Annotated[
        str | None, typer.Option(metavar="COMMIT", help="Take the sources of this commit, not the checkout.")
    ] = None,
) -> None:
    """Build the Debian package of Ouzel for this machine's Debian.

    Exit codes: 0 if the package is built and lintian finds no error. 1 if not. 2 for wrong usage.
    """
    try:
        with scratch() as directory:
            made = build(directory, output, version=version, commit=commit)
            findings = lint(made)
    except CannotBuild as problem:
        typer.echo(f"package: {problem}", err=True)
        raise typer.Exit(1) from None
    for line in findings:
        typer.echo(line)
    typer.echo(f"{made}: {made.stat().st_size / 1e6:.1f} MB, lintian: {len(findings)} findings")
    raise typer.Exit(1 if any(line.startswith("E:") for line in findings) else 0)


if __name__ == "__main__":
    with unwinding():
        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        app.command()(package)
        sys.exit(app(prog_name="scripts/package"))
