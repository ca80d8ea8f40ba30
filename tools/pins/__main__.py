"""`scripts/pins`: writes requirements.txt and requirements-dev.txt.

With --check, reports differences, offline. With --wheels, asks the registry for the wheels of each Python and platform.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import typer

from tools.pins import locks, wheels
from tools.pins.locks import DEV, HEADERS, ROOT, RUN, Lock


def main(
    check: bool = typer.Option(
        False, "--check", help="write nothing; report what does not fit, and exit 1 if anything does not"
    ),
    look: bool = typer.Option(
        False, "--wheels", help="write nothing; report each Python and platform that lacks a wheel; takes minutes"
    ),
) -> None:
    """Write the hashes, as in the registry, of all packages that constraints.txt pins."""
    found: list[str] = []
    with tempfile.TemporaryDirectory(prefix="ouzel-pins-") as directory:
        scratch = Path(directory)
        if look:
            found += wheels.problems(wheels.by_uv(_uv(scratch), scratch))
        elif not check:
            _generate(scratch)
    found += locks.problems()
    for problem in found:
        sys.stdout.write(f"{problem}\n")
    raise typer.Exit(bool(found))


def _uv(scratch: Path) -> Path:
    """Installs the pinned uv into a directory. Returns the program."""
    pip = [sys.executable, "-I", "-m", "pip", "--quiet", "--no-input", "--disable-pip-version-check"]
    uv = f"uv=={locks.pins()['uv']}"
    subprocess.run([*pip, "install", "--no-deps", "--only-binary=:all:", "--target", str(scratch), uv], check=True)
    return scratch / "bin" / "uv"


def _generate(scratch: Path) -> None:
    """Generates the locks by uv. pip knows only the hashes of the files that it would install here."""
    uv = _uv(scratch)
    to_run, to_test = locks.project()
    run = _resolve(uv, scratch, to_run)
    both = _resolve(uv, scratch, [*to_run, *to_test])
    for name, found in ((RUN, run), (DEV, {name: lock for name, lock in both.items() if name not in run})):
        (ROOT / name).write_text(HEADERS[name] + locks.written(found))


def _resolve(uv: Path, scratch: Path, requirements: list[str]) -> dict[str, Lock]:
    """The locks of all packages that these requirements need on any CPython on Linux, in the pinned versions."""
    wanted, out = scratch / "wanted.in", scratch / "out.txt"
    wanted.write_text("\n".join(requirements))
    argv = [str(uv), "pip", "compile", "--quiet", "--no-config", "--no-cache", "--universal"]
    argv += ["--python-version", locks.PYTHONS[0], "--generate-hashes", "--no-header", "--no-annotate"]
    argv += ["--constraints", str(ROOT / "constraints.txt"), "--output-file", str(out), str(wanted)]
    subprocess.run(argv, check=True)
    found = locks.parse(out.read_text())
    out.unlink()
    return {name: lock for name, lock in found.items() if locks.needed_here(lock)}


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
app.command()(main)

if __name__ == "__main__":
    app(prog_name="scripts/pins")
