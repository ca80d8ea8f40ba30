"""Packages of the npm registry, without their dependencies."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

from tools.interop.packages import CannotRun

FETCH_S: Final = 300.0


def fetch(package: str, directory: Path) -> Path:
    """Unpacks a package, such as `name@1.2.3`, into a new directory, and returns the path of its files.

    Raises CannotRun.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise CannotRun(f"npm is missing, which fetches {package}")
    directory.mkdir(parents=True)
    done = subprocess.run([npm, "pack", "--silent", package], cwd=directory, capture_output=True, timeout=FETCH_S)
    archives = list(directory.glob("*.tgz"))
    if done.returncode or not archives:
        raise CannotRun(f"npm cannot fetch {package}: {done.stderr.decode(errors='replace')[-300:]}")
    # Not by `tarfile`, which extracts safely only since Python 3.11.4. Debian 12 has 3.11.2.
    subprocess.run(["tar", "--extract", "--file", str(archives[0]), "--directory", str(directory)], check=True)
    archives[0].unlink()
    return directory / "package"
