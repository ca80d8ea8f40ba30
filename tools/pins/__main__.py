"""`scripts/pins`: writes requirements.txt and requirements-dev.txt. With --check, reports differences, offline."""

import subprocess
import sys
import tempfile
from pathlib import Path

import typer

from tools.pins import locks
from tools.pins.locks import DEV, HEADERS, ROOT, RUN, Lock


def main(
    check: bool = typer.Option(
        False, "--check", help="write nothing; report what does not fit, and exit 1 if anything does not"
    ),
) -> None:
    """Write the hashes, as in the registry, of all packages that constraints.txt pins."""
    if not check:
        with tempfile.TemporaryDirectory(prefix="ouzel-pins-") as scratch:
            _generate(Path(scratch))
    found = list(locks.problems())
    for problem in found:
        sys.stdout.write(f"{problem}\n")
    raise typer.Exit(bool(found))


def _generate(scratch: Path) -> None:
    """Generates the locks by uv. pip knows only the hashes of the files that it would install here."""
    pip = [sys.executable, "-I", "-m", "pip", "--quiet", "--no-input", "--disable-pip-version-check"]
    uv = f"uv=={locks.pins()['uv']}"
    subprocess.run([*pip, "install", "--no-deps", "--only-binary=:all:", "--target", str(scratch), uv], check=True)
    to_run, to_test = locks.project()
    run = _resolve(scratch, to_run)
    both = _resolve(scratch, [*to_run, *to_test])
    for name, found in ((RUN, run), (DEV, {name: lock for name, lock in both.items() if name not in run})):
        (ROOT / name).write_text(HEADERS[name] + locks.written(found))


def _resolve(scratch: Path, requirements: list[str]) -> dict[str, Lock]:
    """The locks of all packages that these requirements need on any CPython on Linux, in the pinned versions."""
    wanted, out = scratch / "wanted.in", scratch / "out.txt"
    wanted.write_text("\n".join(requirements))
    argv = [str(scratch / "bin" / "uv"), "pip", "compile", "--quiet", "--no-config", "--no-cache", "--universal"]
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
