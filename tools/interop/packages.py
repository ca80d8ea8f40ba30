"""Debian's packages of the programs: checks and installs them."""

import contextlib
import os
import platform
import shutil
import subprocess
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Final

COMMANDS: Final = {
    "aria2c": "aria2",
    "busybox": "busybox",
    "chromedriver": "chromium-driver",
    "chromium": "chromium",
    "ip": "iproute2",
    "microsocks": "microsocks",
    "mktorrent": "mktorrent",
    "nsenter": "util-linux",
    "openssl": "openssl",
    "opentracker": "opentracker",
    "qbittorrent-nox": "qbittorrent-nox",
    "setpriv": "util-linux",
    "socat": "socat",
    "transmission-create": "transmission-cli",
    "transmission-daemon": "transmission-daemon",
    "transmission-remote": "transmission-cli",
    "transmission-remote-gtk": "transmission-remote-gtk",
    "unshare": "util-linux",
    "xdotool": "xdotool",
    "Xvfb": "xvfb",
}
"""The needed commands, and their Debian packages."""

FILES: Final = {
    Path("/usr/lib/python3/dist-packages/libtorrent"): "python3-libtorrent",
    Path("/usr/share/transmission/web"): "transmission-common",
}
"""Further needed files, and their Debian packages."""

PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
INSTALL_S: Final = 900.0
LOCK_S: Final = 300
"""How long apt-get waits for another apt-get."""

_POLICY: Final = Path("/usr/sbin/policy-rc.d")


class CannotRun(Exception):
    """The transfers cannot run on this machine. The message says what is missing."""


def prepare(only: Collection[str] | None = None) -> dict[str, str]:
    """Installs missing packages, and returns the version of each. Raises CannotRun.

    Args:
        only: the needed commands among COMMANDS. By default, all commands and files are needed.
    """
    commands = {name: package for name, package in COMMANDS.items() if only is None or name in only}
    files = FILES if only is None else {}
    if platform.system() != "Linux" or os.geteuid() != 0:
        raise CannotRun("network namespaces take Linux, and root; try sudo")
    if missing := _missing(commands, files):
        if shutil.which("apt-get", path=PATH) is None:
            raise CannotRun(f"these packages of Debian are missing: {' '.join(missing)}")
        with _no_services():
            apt = ["apt-get", "-qq", "-o", f"DPkg::Lock::Timeout={LOCK_S}"]
            _run([*apt, "update"])
            _run([*apt, "install", "-y", "--no-install-recommends", *missing])
        if still := _missing(commands, files):
            raise CannotRun(f"installed, but without the needed files: {' '.join(still)}")
    return {name: _version(name) for name in sorted({*commands.values(), *files.values()})}


def _missing(commands: Mapping[str, str], files: Mapping[Path, str]) -> list[str]:
    missing = {package for command, package in commands.items() if shutil.which(command, path=PATH) is None}
    return sorted(missing | {package for file, package in files.items() if not any(file.parent.glob(file.name + "*"))})


@contextlib.contextmanager
def _no_services() -> Iterator[None]:
    """A context within which packages do not start their services, by Debian's `policy-rc.d`."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    try:
        _POLICY.chmod(0o755)
        yield
    finally:
        _POLICY.unlink()


def _version(package: str) -> str:
    """The upstream version of an installed package."""
    argv = ["dpkg-query", "--show", "--showformat=${Version}", package]
    version = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    return version.rpartition(":")[2].rpartition("-")[0]


def _run(argv: list[str]) -> None:
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "PATH": PATH}
    try:
        done = subprocess.run(
            argv, env=environ, check=False, stdin=subprocess.DEVNULL, stdout=-1, stderr=-2, text=True, timeout=INSTALL_S
        )
    except subprocess.TimeoutExpired as error:
        raise CannotRun(f"{argv[0]} does not come to its end") from error
    if done.returncode:
        raise CannotRun(f"{argv[0]} failed: {' '.join(done.stdout.splitlines()[-3:])}")
