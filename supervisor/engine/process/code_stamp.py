"""The code stamp: whether the files of the engine's code are unchanged.

They are looked for without being imported: the supervisor never loads libtorrent. They are looked at by a thread: a
disk that hangs holds up neither the loop nor the next engine's start.
"""

import asyncio
import contextlib
import importlib.util
import os
from collections.abc import Iterator, Sequence
from typing import Final

from supervisor.concurrency.threads import in_thread

ENGINE_CODE: Final = ("engine_proc", "protocol", "libtorrent")

LOOK_S: Final = 1.0
"""How often they are looked at."""

Stamp = frozenset[tuple[str, int, int]]


class CodeStamp:
    """The files of some packages, those in subfolders included.

    Args:
        packages: names of top-level packages; those that are not installed have no files.

    Fields:
        seen: the stamp when they were looked at last; empty before the first look. What is loaded after a look, from
            files that differ by then, is taken for out of date, never the other way round.
    """

    def __init__(self, packages: Sequence[str] = ENGINE_CODE) -> None:
        self.seen: Stamp = frozenset()
        self._directories: list[str] = []
        for package in packages:
            found = importlib.util.find_spec(package)
            self._directories += (found.submodule_search_locations if found else None) or ()

    def current(self) -> Stamp:
        """Path, modification time in nanoseconds and size of each file. What cannot be read is left out."""
        return frozenset(file for directory in self._directories for file in _files(directory))

    async def run(self) -> None:
        """Looks every second, until it is cancelled."""
        while True:
            with contextlib.suppress(OSError):  # there is no thread to be had now
                self.seen = await in_thread(self.current)
            await asyncio.sleep(LOOK_S)


def _files(directory: str) -> Iterator[tuple[str, int, int]]:
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name != "__pycache__":
                        yield from _files(entry.path)
                elif entry.is_file():
                    status = entry.stat()
                    yield entry.path, status.st_mtime_ns, status.st_size
    except OSError:
        return  # an upgrade is under way: it differs from what was there before
