"""Lists the content of directories in the download roots."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

MODES: Final = ("all", "dirs", "files")
LISTED: Final = 10_000
"""The maximum number of entries in a list."""


def within(path: str, roots: Sequence[str]) -> bool:
    """Whether a path is a download root, or is below or above a download root."""
    real = Path(os.path.realpath(path))
    tops = [Path(os.path.realpath(root)) for root in roots]
    return any(real.is_relative_to(top) or top.is_relative_to(real) for top in tops)


def entries(path: str, mode: str, roots: Sequence[str]) -> list[str]:
    """Returns the paths of the directories and files in a directory, sorted.

    The result has only entries inside a download root or above a download root.

    Args:
        path: an absolute path.
        mode: one of `MODES`.
        roots: the download roots.

    Raises:
        OSError: the directory cannot be read.
    """
    found = []
    with os.scandir(path) as scan:
        for entry in scan:
            if entry.is_dir() if mode == "dirs" else entry.is_file() if mode == "files" else True:
                found.append(entry.path)
            if len(found) == LISTED:
                break
    return sorted(each for each in found if within(each, roots))
