"""The code stamp: detects changes of the files that contain the engine's code.

The files are found without an import, because the supervisor never loads libtorrent. A thread checks the files, because
a hung disk must not delay the loop or the start of an engine.
"""

import asyncio
import contextlib
import importlib.util
import os
from collections.abc import Iterator, Sequence
from typing import Final

from supervisor.concurrency.threads import in_thread

ENGINE_CODE: Final = ("engine_proc", "protocol", "libtorrent")

LOOK_S: Final = 5.0
"""The interval between checks. A check costs a millisecond of CPU time, because there are hundreds of files."""

Stamp = frozenset[tuple[str, int, int]]


class CodeStamp:
    """The stamp of all files of some packages, including subfolders.

    Args:
        packages: names of top-level packages. A package that is not installed has no files.

    Fields:
        seen: the stamp at the last check; empty before the first check. If files change after the last check, code from
            the new files counts as out of date. The next check corrects that. Outdated code never counts as up to date.
    """

    def __init__(self, packages: Sequence[str] = ENGINE_CODE) -> None:
        self.seen: Stamp = frozenset()
        self._directories: list[str] = []
        for package in packages:
            found = importlib.util.find_spec(package)
            self._directories += (found.submodule_search_locations if found else None) or ()

    def current(self) -> Stamp:
        """The path, modification time (ns) and size of each readable file."""
        return frozenset(file for directory in self._directories for file in _files(directory))

    async def run(self) -> None:
        """Checks every LOOK_S. Runs until it is cancelled."""
        while True:
            with contextlib.suppress(OSError):  # no thread can be started now
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
        return  # an upgrade is in progress: the stamp will differ from the previous one
