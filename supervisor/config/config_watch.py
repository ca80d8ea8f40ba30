"""The config watch: notices a change of the configuration file, and requests a reload."""

import asyncio
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from supervisor.concurrency.threads import in_thread
from supervisor.config.config import Config
from supervisor.host.file_changes import examinations

_Stamp = tuple[int, ...]


class ConfigWatch:
    """Watches the configuration file.

    Args:
        file: the file; None if there is no file to watch.
        request_reload: called after a change of the file. If the file is missing, the configuration in force stays.
    """

    def __init__(self, file: Path | None, request_reload: Callable[[], None]) -> None:
        self._file = file
        self._request_reload = request_reload
        self._read = self._stamp()
        """The stamp of the file when it was last read. The first read was just before the start of this watch."""

    def reading(self, read: Callable[[Config], Config], running: Config) -> Config:
        """Calls `read`, which reads the file. The content that `read` finds causes no further reload."""
        self._read = self._stamp()
        return read(running)

    async def run(self) -> None:
        """Watches the file. Runs until it is cancelled."""
        if self._file is None:
            await asyncio.Event().wait()
            return
        # The file may be a link into another directory.
        directories = await in_thread(partial(_directories_of, self._file))
        async for stamp in examinations(directories, self._stamp):
            if stamp is not None and stamp != self._read:
                self._request_reload()

    def _stamp(self) -> _Stamp | None:
        if self._file is None:
            return None
        try:
            found = self._file.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _directories_of(file: Path) -> list[Path]:
    return list(dict.fromkeys([file.absolute().parent, Path(os.path.realpath(file)).parent]))
