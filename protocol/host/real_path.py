"""Resolves symbolic links in paths that clients and torrents give.

Both processes use only this function for such paths.
"""

import errno
import os
from pathlib import Path


def real_path(path: str) -> str:
    """The path with every link in it resolved. The path need not exist.

    `os.path.realpath` alone does not report a loop of links. In Python 3.11 it returns the rest of the path unresolved.
    A link in that rest would look like a plain name, and may lead elsewhere. In Python 3.13, `..` after a loop
    removes the loop from the path. The kernel refuses both paths.

    Raises:
        OSError: ELOOP if the links form a loop.
    """
    resolved = os.path.realpath(path)
    _refuse_loop(path)
    ways = [resolved, *map(str, Path(resolved).parents)]
    if any(os.path.islink(way) for way in ways):  # noqa: PTH114  # returns False where lstat fails
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
    return resolved


def _refuse_loop(path: str) -> None:
    """Raises the kernel's ELOOP. Ignores its other errors, because the path need not exist."""
    try:
        os.stat(path)  # noqa: PTH116  # a Path costs more than the call
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise
    except ValueError:  # a NUL, about which `os.path.realpath` has decided
        pass
