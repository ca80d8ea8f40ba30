"""Resolves symbolic links: both processes resolve links that are not their own only by this."""

import errno
import os
from pathlib import Path


def real_path(path: str) -> str:
    """The path with every link in it resolved, whether or not it exists.

    `os.path.realpath` alone gives up at links that lead in a circle, and returns the rest of the path unresolved: a
    link in it that leads elsewhere would look like a plain name.

    Raises:
        OSError: ELOOP if links lead in a circle.
    """
    resolved = os.path.realpath(path)
    ways = [resolved, *map(str, Path(resolved).parents)]
    if any(os.path.islink(way) for way in ways):  # noqa: PTH114  # no error where it cannot be looked at
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
    return resolved
