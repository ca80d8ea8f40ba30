"""Checks and installs the needed programs on this machine, and makes the container's root file system."""

import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import platformdirs

TOOLS: Final = {
    "debootstrap": "debootstrap",
    "systemd-nspawn": "systemd-container",
    "nsenter": "util-linux",
    "unshare": "util-linux",
}
"""The needed programs, and their Debian packages."""

PACKAGES: Final = ("dbus", "kmod", "procps", "python3", "python3-venv", "systemd", "systemd-sysv", "util-linux")
"""The container's packages in addition to a minimal Debian."""

ALONE: Final = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
"""A prefix that runs a command in new namespaces. So debootstrap leaves no process or mount behind."""

BUILD_S: Final = 1800.0


class CannotRun(Exception):
    """The test cannot run on this machine. The message says what is missing."""


def refusal(euid: int, system: str, missing: Sequence[str], *, apt: bool) -> str | None:
    """Why this machine cannot run the test. None if it can.

    Args:
        euid: the effective user.
        system: the operating system's name.
        missing: the programs that are missing.
        apt: whether packages can be installed.
    """
    if system != "Linux":
        return f"systemd runs on Linux, and this is {system}"
    if euid != 0:
        return "only root can boot a container; try: sudo scripts/systemd-test"
    if missing and not apt:
        packages = " ".join(sorted({TOOLS[tool] for tool in missing}))
        return f"{', '.join(missing)} not found; on Debian and Ubuntu: apt-get install {packages}"
    return None


def prepare() -> None:
    """Installs missing programs, if possible. Raises CannotRun."""
    missing = _missing()
    problem = refusal(os.geteuid(), platform.system(), missing, apt=shutil.which("apt-get") is not None)
    if problem is not None:
        raise CannotRun(problem)
    if missing:
        environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        packages = sorted({TOOLS[tool] for tool in missing})
        _run(["apt-get", "update", "-qq"], environ)
        _run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], environ)
        if still := _missing():
            raise CannotRun(f"{', '.join(still)} not found, though {' '.join(packages)} is installed")


def root_file_system(suite: str) -> Path:
    """The path of a minimal Debian with systemd and Python, from the cache or made now. Raises CannotRun."""
    cache = platformdirs.user_cache_path("ouzel") / "systemd-test"
    ready, partial = cache / suite, cache / f"{suite}.partial"
    stamp = cache / f"{suite}.packages"
    wanted = " ".join(PACKAGES)
    if ready.is_dir() and stamp.is_file() and stamp.read_text() == wanted:
        return ready
    for old in (ready, partial):
        if old.exists():
            shutil.rmtree(old)
    cache.mkdir(parents=True, exist_ok=True)
    include = f"--include={','.join(PACKAGES)}"
    build = ["debootstrap", "--variant=minbase", include, suite, str(partial), *_mirror(suite)]
    _run([*ALONE, *build], dict(os.environ))
    partial.rename(ready)
    stamp.write_text(wanted)
    return ready


def python_of(root: Path) -> str:
    """The version of the container's Python, such as `3.11`."""
    argv = ["chroot", str(root), "python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    environ = {**os.environ, "PATH": _path()}
    return subprocess.run(argv, env=environ, check=True, capture_output=True, text=True).stdout.strip()


def _mirror(suite: str) -> list[str]:
    """The mirror from which this machine gets packages of that suite. Empty if there is none."""
    argv = ["apt-get", "indextargets", "--format", "$(REPO_URI)", f"Codename: {suite}", "Component: main"]
    found = subprocess.run(argv, check=False, capture_output=True, text=True).stdout.split()
    return found[:1]


def _missing() -> list[str]:
    return [tool for tool in TOOLS if shutil.which(tool, path=_path()) is None]


def _path() -> str:
    """The PATH, with the directories of an administrator's programs."""
    return f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


def _run(argv: list[str], environ: dict[str, str]) -> None:
    environ["PATH"] = _path()
    try:
        done = subprocess.run(
            argv, env=environ, check=False, stdin=subprocess.DEVNULL, stdout=-1, stderr=-2, text=True, timeout=BUILD_S
        )
    except subprocess.TimeoutExpired as error:
        raise CannotRun(f"{argv[0]} does not come to its end") from error
    if done.returncode:
        raise CannotRun(f"{argv[0]} failed: {' '.join(done.stdout.splitlines()[-3:])}")
