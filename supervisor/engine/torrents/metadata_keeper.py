"""The metadata keeper: writes the metadata of an info dictionary into its torrent's record.

One after the other, since nobody waits for it: thousands may become known at once, when records are from before this
was kept. What cannot be written is learned again from the next engine.
"""

import asyncio
from collections.abc import Awaitable, Callable

from protocol.wire.desired import KnownMetadata
from protocol.wire.errors import OuzelError
from supervisor.concurrency.background import Tasks
from supervisor.log import logs


class MetadataKeeper:
    """Writes what is learned.

    Args:
        group: in which it runs while there is something to write.
        keep: makes a torrent's metadata durable. Raises OuzelError where that cannot be done.
        log: is told what could not be written.
    """

    def __init__(
        self, *, group: Tasks, keep: Callable[[str, KnownMetadata], Awaitable[None]], log: logs.Logger
    ) -> None:
        self._group = group
        self._keep = keep
        self._log = log
        self._learned: dict[str, KnownMetadata] = {}
        self._writing: asyncio.Task[None] | None = None

    def learn(self, torrent: str, metadata: KnownMetadata) -> None:
        """The metadata of a torrent is known, and its record does not have it."""
        self._learned[torrent] = metadata
        if self._writing is None or self._writing.done():
            self._writing = self._group.create_task(self._write())

    async def _write(self) -> None:
        while self._learned:
            torrent = next(iter(self._learned))
            metadata = self._learned.pop(torrent)
            try:
                await self._keep(torrent, metadata)
            except OuzelError as error:
                self._log.warning("metadata_not_kept", torrent=torrent, problem=error.message)
