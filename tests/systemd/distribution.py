"""Ouzel and what it needs, as wheels for the container's Python, from where this machine's pip takes them."""

import os
import platform
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

from tests.systemd.host import CannotRun

ROOT: Final = Path(__file__).parent.parent.parent
SOURCES: Final = ("engine_proc", "ouzel", "protocol", "supervisor", "pyproject.toml", "README.md", "LICENSE")
GLIBC: Final = range(17, 37)
"""Minor versions of glibc 2 whose wheels run on Debian 12 and later."""


def make(directory: Path, python: str) -> None:
    """Fills a directory with wheels, the pins, and `packaging/`. Raises CannotRun.

    Args:
        python: version of the Python that they are for.
    """
    source = directory / "source"
    source.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "packaging", directory / "packaging")
    shutil.copy(ROOT / "constraints.txt", directory)
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wheels = str(directory / "wheels")
    _pip("wheel", "--no-deps", "--wheel-dir", wheels, str(source))
    machine = platform.machine()
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in GLIBC] + [f"manylinux2014_{machine}"]
    chosen = [word for name in platforms for word in ("--platform", name)]
    _pip("download", "--only-binary=:all:", "--python-version", python, *chosen, "-d", wheels, *project["dependencies"])
    shutil.rmtree(source)


def _pip(*args: str) -> None:
    # A relative path, since pip splits the variable at spaces.
    pins = {"PIP_CONSTRAINT": "constraints.txt", "PIP_BUILD_CONSTRAINT": "constraints.txt"}
    argv = [sys.executable, "-I", "-m", "pip", "--quiet", "--no-input", "--disable-pip-version-check", *args]
    done = subprocess.run(
        argv,
        cwd=ROOT,
        env={**os.environ, **pins},
        check=False,
        stdout=-1,
        stderr=-2,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    if done.returncode:
        raise CannotRun(f"pip {args[0]} failed: {' '.join(done.stdout.splitlines()[-3:])}")
