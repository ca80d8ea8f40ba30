"""Collects Ouzel's sources and its dependencies as wheels for the container's Python, by this machine's pip."""

import shutil
from pathlib import Path
from typing import Final

from tools.debian.wheels import CannotDownload, download
from tools.systemd.host import CannotRun

ROOT: Final = Path(__file__).parent.parent.parent
PACKAGES: Final = ("engine_proc", "gateway", "ouzel", "protocol", "supervisor")
SOURCES: Final = (*PACKAGES, "LICENSE", "README.md", "packaging", "pyproject.toml", "requirements.txt")
"""The files of a checkout that the installation needs."""


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
    try:
        download(ROOT / "requirements.txt", directory, python)
    except CannotDownload as error:
        raise CannotRun(str(error)) from error
