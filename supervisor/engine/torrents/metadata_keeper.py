"""The metadata keeper: writes a torrent's metadata into its record.

Records are written one after the other, because no client waits for these writes. Early versions stored no metadata, so
thousands of records may have to be written. If metadata cannot be written, the next engine reports the metadata again.
"""

import asyncio
from collections.abc import Awaitable, Callable

from protocol.wire.errors import OuzelError
from protocol.wire.metadata import KnownMetadata
from supervisor.concurrency.background import Tasks
from supervisor.log import logs


class MetadataKeeper:
    """Writes metadata in a background task.

    Args:
        group: runs the task while metadata is queued.
        keep: makes a torrent's metadata durable. Raises OuzelError if that fails.
        log: logs metadata that could not be written.
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
        """Queues a torrent's metadata for writing."""
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
