"""Collects Ouzel's sources and its dependencies as wheels for the container's Python, by this machine's pip."""

import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from tools.systemd.host import CannotRun

ROOT: Final = Path(__file__).parent.parent.parent
PACKAGES: Final = ("engine_proc", "gateway", "ouzel", "protocol", "supervisor")
SOURCES: Final = (*PACKAGES, "LICENSE", "README.md", "packaging", "pyproject.toml", "requirements.txt")
"""The files of a checkout that the installation needs."""

GLIBC: Final = range(17, 37)
"""The minor versions of glibc 2. Wheels for these versions run on Debian 12 and later."""


def make(directory: Path, python: str) -> None:
    """Fills a directory with the sources, and with wheels of all packages in requirements.txt. Raises CannotRun.

    Args:
        python: the version of Python for the wheels.
    """
    source = directory / "source"
    source.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, source)
    wheels(directory / "wheels", python)


def wheels(directory: Path, python: str) -> None:
    """Fills a directory with the wheels of all packages in requirements.txt. Raises CannotRun."""
    machine = platform.machine()
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in GLIBC] + [f"manylinux2014_{machine}"]
    chosen = ["--python-version", python, *(word for name in platforms for word in ("--platform", name))]
    hashed = ["--no-deps", "--require-hashes", "--only-binary=:all:", "-r", "requirements.txt"]
    _pip("download", *hashed, *chosen, "-d", str(directory))


def _pip(*args: str) -> None:
    argv = [sys.executable, "-I", "-m", "pip", "--quiet", "--no-input", "--disable-pip-version-check", *args]
    done = subprocess.run(
        argv,
        cwd=ROOT,
        check=False,
        stdout=-1,
        stderr=-2,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    if done.returncode:
        raise CannotRun(f"pip {args[0]} failed: {' '.join(done.stdout.splitlines()[-3:])}")
