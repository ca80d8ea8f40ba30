"""The programs of Prometheus. If they are not installed, Debian's package is unpacked."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final, NamedTuple

PACKAGE: Final = "prometheus"
_DOWNLOAD_S: Final = 300.0


class CannotRun(Exception):
    """The check cannot run on this machine. The message says what is missing."""


class Programs(NamedTuple):
    """The paths of the programs."""

    prometheus: str
    promtool: str


def find(directory: Path) -> Programs:
    """Returns the programs. If they are not installed, unpacks Debian's package below `directory`. Installs nothing.

    The environment variables PROMETHEUS and PROMTOOL name other programs. Raises CannotRun.
    """
    found = Programs(*(os.environ.get(name.upper()) or shutil.which(name) or "" for name in Programs._fields))
    if all(found):
        return found
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        raise CannotRun("prometheus and promtool are not installed; PROMETHEUS and PROMTOOL can name them")
    download = ["apt-get", "-qq", "download", PACKAGE]
    if not _succeeds(download, directory):
        # The lists of packages may be missing or old.
        _succeeds(["apt-get", "-qq", "update"], directory)
        if not _succeeds(download, directory):
            raise CannotRun(f"Debian's package {PACKAGE} cannot be downloaded")
    [package] = directory.glob(f"{PACKAGE}_*.deb")
    if not _succeeds(["dpkg", "--extract", str(package), str(directory)], directory):
        raise CannotRun(f"{package.name} cannot be unpacked")
    package.unlink()
    return Programs(*(str(directory / "usr" / "bin" / name) for name in Programs._fields))


def version(programs: Programs) -> str:
    """The version of Prometheus."""
    argv = [programs.prometheus, "--version"]
    found = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    return found.split()[2]


def _succeeds(argv: list[str], directory: Path) -> bool:
    done = subprocess.run(argv, cwd=directory, check=False, capture_output=True, timeout=_DOWNLOAD_S)
    return done.returncode == 0
