"""The shelf: runs the functions of `damaged_files` in threads, for callers on the loop."""

import asyncio
from functools import partial

from protocol.durable import durable
from protocol.durable.resume_dir import ResumeDir
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.results import DamagedList
from supervisor.concurrency.threads import in_thread
from supervisor.store import damaged_files
from supervisor.store.catalogue import Catalogue
from supervisor.store.damaged_files import Restorable


class DamagedShelf:
    """The files in `damaged/` of one resume directory.

    Args:
        catalogue: the torrents.
    """

    def __init__(self, directory: ResumeDir, catalogue: Catalogue) -> None:
        self._dir = directory
        self._catalogue = catalogue
        self._listing: asyncio.Task[DamagedList] | None = None

    async def list(self) -> DamagedList:
        """Lists all files. Concurrent callers get the same answer. Raises OuzelError: STORAGE_UNAVAILABLE."""
        if self._listing is None or self._listing.done():
            self._listing = asyncio.create_task(self._list())
        try:
            return await asyncio.shield(self._listing)
        except OSError as error:
            raise _unavailable(error) from error

    async def _list(self) -> DamagedList:
        has = self._catalogue.has
        return DamagedList(files=await in_thread(lambda: damaged_files.reports(self._dir, has)))

    async def prepare(self, name: str) -> Restorable:
        """Reads a file, and the other files of its torrent. Raises the errors of `damaged_files.prepare`."""
        catalogue = self._catalogue
        prepare = partial(damaged_files.prepare, self._dir, name, catalogue.has, catalogue.torrents.get)
        try:
            return await in_thread(prepare)
        except OSError as error:
            raise _unavailable(error) from error

    async def place_resume(self, torrent: str, content: bytes) -> None:
        """Restores resume data of a torrent that is not loaded. Raises OuzelError: STORAGE_UNAVAILABLE."""

        def place() -> None:
            self._dir.check()
            self._dir.make_engine_dir()
            durable.write(self._dir.fastresume(torrent), content)

        try:
            await in_thread(place)
        except OSError as error:
            raise _unavailable(error) from error

    async def place_metainfo(self, torrent: str, content: bytes) -> None:
        """Restores a .torrent file. Raises OuzelError: STORAGE_UNAVAILABLE."""

        def place() -> None:
            self._dir.check()
            durable.write(self._dir.metainfo(torrent), content)

        try:
            await in_thread(place)
        except OSError as error:
            raise _unavailable(error) from error

    async def discard(self, restored: Restorable) -> None:
        """Deletes restored files from `damaged/`."""
        await in_thread(lambda: damaged_files.discard(self._dir, restored.used))


def _unavailable(error: OSError) -> OuzelError:
    return OuzelError(
        ErrorKind.STORAGE_UNAVAILABLE, f"the resume directory: {error}; nothing was changed", retry_after_ms=1000
    )
