"""The code stamp: whether the files that an engine is loaded from are still the same.

They are looked for without being imported: the supervisor never loads libtorrent.
"""

import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ENGINE_CODE: Final = ("engine_proc", "protocol", "libtorrent")

Stamp = frozenset[tuple[str, int, int]]


class CodeStamp:
    """The files of some packages.

    Args:
        packages: names of top-level packages; those that are not installed have no files.
    """

    def __init__(self, packages: Sequence[str] = ENGINE_CODE) -> None:
        self._directories: list[Path] = []
        for package in packages:
            found = importlib.util.find_spec(package)
            self._directories += map(Path, (found.submodule_search_locations if found else None) or ())

    def current(self) -> Stamp:
        """Path, modification time in nanoseconds and size of each file. What cannot be read is left out."""
        found = []
        for directory in self._directories:
            try:
                with os.scandir(directory) as entries:
                    for entry in entries:
                        if entry.is_file():
                            status = entry.stat()
                            found.append((entry.path, status.st_mtime_ns, status.st_size))
            except OSError:
                continue  # an upgrade is under way: it differs from what was there before
        return frozenset(found)
