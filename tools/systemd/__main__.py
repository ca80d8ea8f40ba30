"""`scripts/systemd-test`: boots a container, runs the steps of a story, and reports the result of each."""

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from ouzel.cli.display.output import Output
from tools.rig.scratch import scratch, unwinding
from tools.systemd import distribution, host, package_pair
from tools.systemd.container import CommandFailed, Container
from tools.systemd.host import CannotRun
from tools.systemd.operators_day import OperatorsDay
from tools.systemd.package_story import PackageStory
from tools.systemd.story import Story

EXIT_CANNOT_RUN: Final = 77
JOURNAL_TAIL: Final = "30"


def systemd_test(
    story: Annotated[str, typer.Option(metavar="NAME", help="The story: service, operator, package, or all.")] = "all",
    packages: Annotated[
        Path | None, typer.Option(metavar="DIR", help="For the package's story: where both packages are, or are built.")
    ] = None,
    suite: Annotated[str, typer.Option(metavar="NAME", help="The Debian release in the container.")] = "bookworm",
) -> None:
    """Test Ouzel under systemd: its unit, an operator's day, and its package. Takes minutes, and more the first time.

    Needs root to boot a container. The container has no network. Exit codes: 0 if all steps succeeded, 1 if one failed.
    2 for wrong usage. 77 if the test cannot run here.
    """
    if story not in ("service", "operator", "package", "all"):
        raise typer.BadParameter("it is service, operator, package or all", param_hint="--story")
    output = Output(as_json=False)
    began = time.monotonic()
    try:
        with scratch() as directory:
            output.line("Preparing the container and Ouzel's wheels")
            host.prepare()
            root = host.root_file_system(suite)
            shared = directory / "shared"
            shared.mkdir()
            good = True
            if story != "package":
                distribution.make(shared, host.python_of(root))
            pair = None
            if story in ("package", "all"):
                pair = package_pair.provide(packages or directory / "packages", directory)
            output.line(f"Prepared in {time.monotonic() - began:.0f} s; booting")
            if story in ("service", "all"):
                with Container(root, shared, directory / "console") as container:
                    good = _tell(Story(container, directory).steps(), container, output)
            if story in ("operator", "all"):
                with (
                    Container(root, shared, directory / "console") as container,
                    Container(root, shared, directory / "console 2", "-2") as other,
                ):
                    good = _tell(OperatorsDay(container, other, directory).steps(), container, output) and good
            if pair is not None:
                with (
                    Container(root, pair.directory, directory / "console") as container,
                    Container(root, pair.directory, directory / "console 2", "-2") as other,
                ):
                    good = _tell(PackageStory(container, other, directory, pair).steps(), container, output) and good
    except CannotRun as problem:
        output.line(f"cannot run here: {problem}")
        raise typer.Exit(EXIT_CANNOT_RUN) from None
    output.line(f"{'All went well' if good else 'FAILED'}, {time.monotonic() - began:.0f} s in all")
    raise typer.Exit(0 if good else 1)


def _tell(steps: Sequence[Callable[[], str]], container: Container, output: Output) -> bool:
    for step in steps:
        what = (step.__doc__ or "").removesuffix(".")
        try:
            seen = step()
        except (AssertionError, CommandFailed, OSError) as problem:
            output.line(f"FAILED  {what}: {problem}")
            output.line("The end of the journal:")
            for line in container.run("journalctl", "-u", "ouzel", "--no-pager", "-n", JOURNAL_TAIL).splitlines():
                output.line(line)
            return False
        for line in f"ok      {what}: {seen}".splitlines():
            output.line(line)
    return True


if __name__ == "__main__":
    with unwinding():
        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        app.command()(systemd_test)
        sys.exit(app(prog_name="scripts/systemd-test"))
