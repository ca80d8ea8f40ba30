"""Downloads the wheels of all packages in requirements.txt, by this machine's pip."""

import platform
import subprocess
import sys
from pathlib import Path
from typing import Final

GLIBC: Final = range(17, 37)
"""The minor versions of glibc 2. Wheels for these versions run on Debian 12 and later."""


class CannotDownload(Exception):
    """pip could not download the wheels. The message has its last lines."""


def download(requirements: Path, directory: Path, python: str) -> None:
    """Fills a directory with wheels. Raises CannotDownload.

    Args:
        requirements: a file with pinned versions and hashes.
        python: the version of Python for the wheels, such as `3.11`.
    """
    machine = platform.machine()
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in GLIBC] + [f"manylinux2014_{machine}"]
    chosen = ["--python-version", python, *(word for name in platforms for word in ("--platform", name))]
    hashed = ["--no-deps", "--require-hashes", "--only-binary=:all:", "-r", str(requirements)]
    argv = [sys.executable, "-I", "-m", "pip", "--quiet", "--no-input", "--disable-pip-version-check", "download"]
    done = subprocess.run(
        [*argv, *hashed, *chosen, "-d", str(directory)],
        check=False,
        stdout=-1,
        stderr=-2,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    if done.returncode:
        raise CannotDownload(f"pip download failed: {' '.join(done.stdout.splitlines()[-3:])}")
