"""Programs of PyPI, each in a venv of its own."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools.interop.packages import CannotRun

INSTALL_S: Final = 600.0


@dataclass(frozen=True)
class Environment:
    """A venv with a program of PyPI."""

    root: Path

    @property
    def python(self) -> str:
        """The venv's interpreter."""
        return self.program("python")

    def program(self, name: str) -> str:
        """The path of a command in the venv."""
        return str(self.root / "bin" / name)


def install(root: Path, packages: Sequence[str], *, bare: bool) -> Environment:
    """Makes a venv at `root` with these packages. With `bare`, the first package gets no requirements.

    Raises CannotRun.
    """
    environment = Environment(root)
    _run(sys.executable, "-m", "venv", str(root))
    pip = [environment.python, "-m", "pip", "-q", "install", "--disable-pip-version-check"]
    if bare:
        _run(*pip, "--no-deps", packages[0])
    _run(*pip, *packages[1 if bare else 0 :])
    return environment


def _run(*argv: str) -> None:
    try:
        done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=INSTALL_S)
    except subprocess.TimeoutExpired as error:
        raise CannotRun(f"{' '.join(argv)} does not come to its end") from error
    if done.returncode:
        raise CannotRun(f"{' '.join(argv)}: {' '.join(done.stderr.splitlines()[-3:])}")
