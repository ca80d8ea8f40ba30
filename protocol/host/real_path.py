"""Resolves symbolic links in paths that clients and torrents give.

Both processes use only this function for such paths.
"""

import errno
import os
from pathlib import Path


def real_path(path: str) -> str:
    """The path with every link in it resolved. The path need not exist.

    At a loop of links, `os.path.realpath` alone returns the rest of the path unresolved. Then a link in that rest would
    look like a plain name. The link may lead elsewhere.

    Raises:
        OSError: ELOOP if the links form a loop.
    """
    resolved = os.path.realpath(path)
    ways = [resolved, *map(str, Path(resolved).parents)]
    if any(os.path.islink(way) for way in ways):  # noqa: PTH114  # returns False where lstat fails
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
    return resolved
