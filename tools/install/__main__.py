"""`scripts/install-test`: installs the wheel with each installer for each Python, and uses the commands."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import typer

from ouzel.cli.display.output import Output
from tools.pins.locks import ROOT, pins
from tools.rig.scratch import scratch, unwinding
from tools.rig.waiting import until

COMMANDS: Final = ("ouzel", "ouzel-gateway", "ouzeld")
INSTALL_S: Final = 300.0


class Installer(NamedTuple):
    """How a program installs the wheel. `{}` stands for the requirement.

    Fields:
        argv: the arguments after the program.
        environ: the names of two variables: for the directory of environments, and for the directory of commands.
    """

    name: str
    argv: tuple[str, ...]
    environ: tuple[str, str]


CONSTRAINTS: Final = str(ROOT / "constraints.txt")
INSTALLERS: Final = (
    Installer("pipx", ("install", f"--pip-args=--constraint {CONSTRAINTS}", "{}"), ("PIPX_HOME", "PIPX_BIN_DIR")),
    Installer("uv", ("tool", "install", "--constraints", CONSTRAINTS, "{}"), ("UV_TOOL_DIR", "UV_TOOL_BIN_DIR")),
)


def install_test(
    python: Annotated[
        list[str] | None, typer.Option(metavar="PROGRAM", help="A Python to install for; repeatable.")
    ] = None,
) -> None:
    """Install a wheel with pipx and `uv tool`, start the daemon, and add a link. Takes minutes; needs the registry.

    Exit code 0 if all worked. 1 otherwise.
    """
    output = Output(as_json=False)
    good = True
    with scratch() as directory:
        wheel = build(directory)
        output.line(f"Built {wheel.name}, {wheel.stat().st_size:,} bytes")
        tools = directory / "tools"
        _pip("install", "--target", str(tools), "pipx", f"uv=={pins()['uv']}")
        for program in python or [sys.executable]:
            for installer in INSTALLERS:
                place = directory / f"{installer.name}-{Path(program).name}"
                began = time.monotonic()
                try:
                    seen = _use(_install(installer, tools, wheel, program, place), place)
                except (AssertionError, subprocess.SubprocessError) as problem:
                    good = False
                    output.line(f"FAILED  {installer.name}, {program}: {problem}")
                else:
                    output.line(f"ok      {installer.name}, {program}: {seen}, {time.monotonic() - began:.0f} s")
    raise typer.Exit(0 if good else 1)


def build(directory: Path) -> Path:
    """Builds a wheel offline. Returns its path."""
    _pip("wheel", "--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", str(directory), str(ROOT))
    [wheel] = directory.glob("*.whl")
    return wheel


def _install(installer: Installer, tools: Path, wheel: Path, python: str, place: Path) -> Path:
    """Returns the directory with the links to the commands."""
    homes = [place / "home", place / "bin"]
    environ = dict(zip(installer.environ, map(str, homes), strict=True))
    requirement = f"ouzel[gateway] @ {wheel.as_uri()}"
    argv = [requirement if word == "{}" else word for word in installer.argv]
    program = [sys.executable, "-m", "pipx"] if installer.name == "pipx" else [str(tools / "bin/uv")]
    environ |= {"PYTHONPATH": str(tools), "UV_CACHE_DIR": str(place / "cache")}
    _run([*program, *argv, "--python", python], environ, INSTALL_S)
    assert {path.name for path in homes[1].iterdir()} == set(COMMANDS), list(homes[1].iterdir())
    return homes[1]


def _use(bin_dir: Path, place: Path) -> str:
    """Starts the daemon by the installed commands, and uses it. Returns what was seen."""
    environ = {
        "OUZEL_PATHS_STATE_DIR": str(place / "state"),
        "OUZEL_PATHS_RESUME_DIR": str(place / "state/resume"),
        "OUZEL_PATHS_RUNTIME_DIR": str(place / "run"),
        "OUZEL_PATHS_DOWNLOAD_ROOTS": str(place / "downloads"),
        "OUZEL_ENGINE_LISTEN_INTERFACES": "127.0.0.1:0",
        "OUZEL_ENGINE_ENABLE_DHT": "false",
        "OUZEL_ENGINE_ENABLE_LSD": "false",
        "OUZEL_ENGINE_ENABLE_UPNP": "false",
        "OUZEL_ENGINE_ENABLE_NATPMP": "false",
    }
    for name in COMMANDS:
        _run([str(bin_dir / name), "--help"], environ)
    _run([str(bin_dir / "ouzeld"), "--check"], environ)
    with (place / "log").open("wb") as log:
        daemon = subprocess.Popen([str(bin_dir / "ouzeld")], env={**os.environ, **environ}, stdout=log, stderr=log)
    try:
        until(lambda: _healthy(bin_dir, environ), "the daemon is healthy")
        _run([str(bin_dir / "ouzel"), "add", f"magnet:?xt=urn:btih:{'a' * 40}"], environ)
    finally:
        daemon.terminate()
        code = daemon.wait(timeout=60)
    assert code == 0, f"ouzeld ended with {code}: {(place / 'log').read_text()[-2000:]}"
    return _run([str(bin_dir / "ouzeld"), "--version"], environ)


def _healthy(bin_dir: Path, environ: Mapping[str, str]) -> bool:
    try:
        return '"healthy"' in _run([str(bin_dir / "ouzel"), "health", "--json"], environ)
    except AssertionError:
        return False


def _pip(*args: str) -> None:
    _run([sys.executable, "-I", "-m", "pip", "--quiet", "--disable-pip-version-check", *args], {}, INSTALL_S)


def _run(argv: list[str], environ: Mapping[str, str], limit_s: float = 60.0) -> str:
    """Returns the output. Raises AssertionError with its end if the command fails."""
    done = subprocess.run(
        argv, env={**os.environ, **environ}, check=False, stdin=subprocess.DEVNULL, stdout=-1, stderr=-2, text=True,
        timeout=limit_s,
    )  # fmt: skip
    assert done.returncode == 0, f"{Path(argv[0]).name} ended with {done.returncode}: {done.stdout.strip()[-1500:]}"
    return done.stdout.strip()


if __name__ == "__main__":
    with unwinding():
        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        app.command()(install_test)
        sys.exit(app(prog_name="scripts/install-test"))
