"""The runtime directory: where the sockets are, for this user and the members of its group.

Whoever can write to it can put a socket of their own in the place of ours, so only we may.
"""

import errno
import os
import stat
from pathlib import Path
from typing import Final

MODE: Final = 0o750


def prepare(directory: Path) -> None:
    """Makes the directory, or takes away from others what they could do in one that is there.

    A narrower one stays narrower.

    Raises:
        OSError: it cannot be made, belongs to somebody else, or others could write to it, and may have.
    """
    directory.mkdir(mode=MODE, parents=True, exist_ok=True)
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        found = os.fstat(fd)
        mode = stat.S_IMODE(found.st_mode)
        if found.st_uid != os.geteuid():
            problem = f"belongs to uid {found.st_uid}, and this is uid {os.geteuid()}; choose another runtime_dir"
            raise PermissionError(errno.EPERM, problem, str(directory))
        if mode & (stat.S_IWGRP | stat.S_IWOTH):
            problem = (
                f"others can write to it, its mode is {mode:04o}; remove it, or `chmod 0750` and look what is in it"
            )
            raise PermissionError(errno.EPERM, problem, str(directory))
        if mode & ~MODE:
            os.fchmod(fd, mode & MODE)
    finally:
        os.close(fd)
