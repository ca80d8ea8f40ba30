"""`scripts/container-test`: builds the image, runs the steps of a story, and reports the result of each."""

import os
import shutil
import subprocess
import sys
import time
from typing import Annotated, Final

import typer

from ouzel.cli.display.output import Output
from tools.container.image import PATH, Builder
from tools.container.runtime import CommandFailed
from tools.container.story import Story
from tools.rig.scratch import scratch, unwinding
from tools.systemd import distribution, host
from tools.systemd.host import CannotRun

EXIT_CANNOT_RUN: Final = 77


def container_test(
    suite: Annotated[str, typer.Option(metavar="NAME", help="The Debian release of the base.")] = "bookworm",
) -> None:
    """Build packaging/Containerfile offline, and run the image. Takes minutes.

    Needs root. The base is a minimal Debian. The containers have no network. Exit codes: 0 if all steps succeeded, 1 if
    one failed. 2 for wrong usage. 77 if the test cannot run here.
    """
    output = Output(as_json=False)
    began = time.monotonic()
    try:
        with scratch() as directory:
            output.line("Preparing the base and Ouzel's wheels")
            host.prepare()
            _install_buildah()
            root = host.root_file_system(suite)
            wheels = directory / "wheels"
            distribution.wheels(wheels, host.python_of(root))
            builder = Builder(directory / "storage")
            try:
                builder.base(root)
                config = builder.build(wheels)
                output.line(f"Built in {time.monotonic() - began:.0f} s: {' '.join(config.command)}, {config.user}")
                good = _tell(Story(builder, config, directory), output)
            finally:
                builder.close()
    except CannotRun as problem:
        output.line(f"cannot run here: {problem}")
        raise typer.Exit(EXIT_CANNOT_RUN) from None
    output.line(f"{'All went well' if good else 'FAILED'}, {time.monotonic() - began:.0f} s in all")
    raise typer.Exit(0 if good else 1)


def _tell(story: Story, output: Output) -> bool:
    try:
        for step in story.steps():
            what = (step.__doc__ or "").removesuffix(".")
            try:
                seen = step()
            except (AssertionError, CommandFailed, OSError, subprocess.TimeoutExpired) as problem:
                output.line(f"FAILED  {what}: {problem}")
                output.line(story.tail())
                return False
            output.line(f"ok      {what}: {seen}")
        return True
    finally:
        story.close()


def _install_buildah() -> None:
    """Installs buildah, if it is missing and if that is possible. Raises CannotRun."""
    if shutil.which("buildah", path=PATH) is None and shutil.which("apt-get"):
        argv = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "buildah"]
        environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(argv, env=environ, check=False, stdin=subprocess.DEVNULL, capture_output=True)
    if shutil.which("buildah", path=PATH) is None:
        raise CannotRun("buildah not found; on Debian and Ubuntu: apt-get install buildah")


if __name__ == "__main__":
    with unwinding():
        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        app.command()(container_test)
        sys.exit(app(prog_name="scripts/container-test"))
