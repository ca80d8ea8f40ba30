"""Builds rqbit from its crate, once for each machine."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import platformdirs

from tools.interop.packages import CannotRun

VERSION: Final = "8.1.1"
BUILD_S: Final = 1800.0


def program() -> Path:
    """The path of the built program, which may not exist yet."""
    return Path(platformdirs.user_cache_dir("ouzel-bench")) / f"rqbit-{VERSION}" / "bin/rqbit"


def build() -> str:
    """Builds the program if it is missing. Returns its version. Raises CannotRun, with the reason."""
    path = program()
    if not path.exists():
        cargo = shutil.which("cargo") or shutil.which("cargo", path=str(Path.home() / ".cargo/bin"))
        if cargo is None:
            raise CannotRun("cargo is missing, and Debian 12's is too old for rqbit")
        argv = [cargo, "install", "rqbit", "--version", VERSION, "--locked", "--root", str(path.parent.parent)]
        environ = {**os.environ, "PATH": f"{Path(cargo).parent}:{os.environ['PATH']}"}
        try:
            done = subprocess.run(argv, env=environ, check=False, capture_output=True, text=True, timeout=BUILD_S)
        except subprocess.TimeoutExpired as error:
            raise CannotRun(f"cargo did not build rqbit within {BUILD_S:g} s") from error
        if done.returncode:
            raise CannotRun(f"cargo cannot build rqbit: {' '.join(done.stderr.split())[-300:]}")
    return VERSION
