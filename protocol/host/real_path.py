"""Where a path leads: the one way in which either process resolves symbolic links that are not its own."""

import errno
import os
from pathlib import Path


def real_path(path: str) -> str:
    """The path with every link in it resolved, whether or not there is something.

    `os.path.realpath` alone gives up at links that lead in a circle, and returns what is left of the path unresolved: a
    link in it that leads elsewhere would pass for a plain name.

    Raises:
        OSError: ELOOP where links lead in a circle, and so nowhere.
    """
    resolved = os.path.realpath(path)
    ways = [resolved, *map(str, Path(resolved).parents)]
    if any(os.path.islink(way) for way in ways):  # noqa: PTH114  # no error where it cannot be looked at
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
    return resolved
