"""A network with only a loopback interface, and an empty `/tmp`, for this process and its children.

`/etc` is read-only there. The suite expects that nothing can be written below it, although it runs as root.
"""

import ctypes
import os
import subprocess
from pathlib import Path
from typing import Final

from tools.interop.packages import PATH, CannotRun

TMP: Final = Path("/tmp")
OUTSIDE: Final = Path("/var/tmp")
"""Where files are that have to be seen in the place, too."""

_CLONE_NEWNET: Final = 0x40000000
_CLONE_NEWNS: Final = 0x00020000


def enter() -> None:
    """Moves this process into the place. It must not have other threads. Raises CannotRun."""
    if Path(__file__).is_relative_to(TMP):
        raise CannotRun(f"the checkout is below {TMP}, which would be hidden")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET | _CLONE_NEWNS):
        raise CannotRun(f"no namespaces can be made: {os.strerror(ctypes.get_errno())}")
    _run("ip", "link", "set", "lo", "up")
    _run("mount", "--make-rprivate", "/")
    _run("mount", "--bind", "/etc", "/etc")
    _run("mount", "-o", "remount,bind,ro", "/etc")
    _run("mount", "-t", "tmpfs", "-o", "size=512m", "tmpfs", str(TMP))


def _run(*argv: str) -> None:
    done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=60, env={"PATH": PATH})
    if done.returncode:
        raise CannotRun(f"{' '.join(argv)}: {done.stderr.strip()}")
