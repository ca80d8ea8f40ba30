"""Reads that show what only the engine knows: it is asked first, and its answer goes into the snapshot."""

import contextlib
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final

import msgspec

from protocol.internal.link import QueryFiles, QueryTrackers
from protocol.wire import codec
from protocol.wire.commands import EngineRead, ListFiles, ListTrackers
from protocol.wire.desired import DesiredTorrent
from protocol.wire.errors import ErrorKind, OuzelError
from supervisor.commands import pages
from supervisor.commands.handlers import check_complete, handlers_of, handles, refreshers_of, refreshes
from supervisor.commands.reads import Reads, Steps, no_cursor
from supervisor.engine.process.engine_link import EngineLink
from supervisor.engine.torrents.snapshot import Snapshot
from supervisor.store.catalogue import Catalogue

FILES_FRESH_S: Final = 1.0


FILES_STEP: Final = 100
"""Files that are listed in one step."""


class EngineReads:
    """Answers them.

    Args:
        describe: finds out what is stored of torrents that no engine has loaded.
    """

    def __init__(
        self,
        *,
        reads: Reads,
        catalogue: Catalogue,
        snapshot: Snapshot,
        link: EngineLink,
        describe: Callable[[list[DesiredTorrent]], Coroutine[Any, Any, None]],
    ) -> None:
        self._reads = reads
        self._catalogue = catalogue
        self._snapshot = snapshot
        self._link = link
        self._describe = describe
        self._handlers, self._refreshers = handlers_of(self), refreshers_of(self)
        for found in (self._handlers, self._refreshers):
            check_complete(EngineRead, found)

    async def refresh(self, command: EngineRead) -> None:
        """Has what a read will show brought up to date; where the engine cannot tell it, it stays as it was."""
        torrent = self._catalogue.resolve(command.torrent)
        if torrent in self._catalogue.torrents:
            with contextlib.suppress(OuzelError):  # the engine died meanwhile: what it told before will do
                await self._refreshers[type(command)](torrent)

    def steps(self, command: EngineRead) -> Steps:
        """The result of a read, in steps. Its rows are encoded. Raises OuzelError."""
        steps: Steps = self._handlers[type(command)](command)
        return steps

    @refreshes(ListFiles)
    async def _refresh_files(self, torrent: str) -> None:
        observed = self._snapshot.of(torrent)
        if torrent not in self._snapshot.present:
            if observed.metadata is None:
                await self._describe([self._catalogue.torrents[torrent]])
            return
        fresh = observed.file_bytes is not None and time.monotonic() - observed.file_bytes[0] < FILES_FRESH_S
        if fresh or not self._link.up:
            return
        answer = await self._link.ask(QueryFiles(torrent=torrent))
        if answer.bytes_done is not None:
            observed.file_bytes = (time.monotonic(), answer.bytes_done)

    @handles(ListFiles)
    def _files(self, command: ListFiles) -> Steps:
        start, torrent = _offset(command.cursor), self._reads.shown(command.torrent).torrent
        observed = self._snapshot.of(torrent)
        metadata = observed.metadata
        if metadata is None:
            raise OuzelError(ErrorKind.NO_METADATA, "the torrent's metadata has not arrived yet", retry_after_ms=1000)
        files: list[msgspec.Raw] = []
        size, end = 0, min(metadata.count, start + command.limit)
        while start + len(files) < end and size < pages.PAGE_BYTES:
            at = start + len(files)
            rows = self._snapshot.files(torrent, at, min(FILES_STEP, end - at))
            if not rows:
                break  # it was removed meanwhile
            more = [codec.encoded(row) for row in rows]
            files += more
            size += sum(map(len, more))
            yield
        at = start + len(files)
        told = observed.file_bytes
        return {
            "files": files,
            "cursor": str(at) if at < metadata.count else None,
            "age_ms": None if told is None else max(0, int((time.monotonic() - told[0]) * 1000)),
        }

    @refreshes(ListTrackers)
    async def _refresh_trackers(self, torrent: str) -> None:
        if torrent not in self._snapshot.present or not self._link.up:
            return
        answer = await self._link.ask(QueryTrackers(torrent=torrent))
        if answer.trackers is not None and torrent in self._catalogue.torrents:
            self._snapshot.trackers.read(torrent, answer.trackers, time.monotonic())

    @handles(ListTrackers)
    def _trackers(self, command: ListTrackers) -> Steps:
        desired, now = self._reads.shown(command.torrent), time.monotonic()
        age_s = self._snapshot.trackers.numbers_age_s(desired.torrent, now)
        yield from ()
        return {
            "trackers": self._snapshot.trackers_of(desired, now),
            "age_ms": None if age_s is None else int(age_s * 1000),
        }


def _offset(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isdecimal() or len(cursor) > 9:
        raise no_cursor()
    return int(cursor)
