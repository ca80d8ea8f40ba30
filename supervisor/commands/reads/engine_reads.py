"""Reads of data that only the engine has. The engine is asked first, and its answer updates the snapshot."""

import time
from typing import Final

import msgspec

from protocol.internal.link_queries import PeersQueried, PiecesQueried
from protocol.wire import codec
from protocol.wire.commands.kinds import EngineRead, SessionRead
from protocol.wire.commands.peer_commands import ListPeers, PieceMap
from protocol.wire.commands.service.counter_commands import GetCounters
from protocol.wire.commands.torrent_commands import ListFiles, ListTrackers
from protocol.wire.commands.tracker_commands import ListWebSeeds
from protocol.wire.errors import ErrorKind, OuzelError
from supervisor.commands.handlers import check_complete, handlers_of, handles, refreshers_of, refreshes
from supervisor.commands.reads import pages
from supervisor.commands.reads.reads import Reads, Steps, no_cursor
from supervisor.engine.engine import Engine

FILES_STEP: Final = 100
"""The number of files in one step."""


class EngineReads:
    """Answers engine reads."""

    def __init__(
        self,
        *,
        reads: Reads,
        engine: Engine,
    ) -> None:
        self._reads = reads
        self._engine = engine
        self._snapshot = engine.snapshot
        self._handlers, self._refreshers = handlers_of(self), refreshers_of(self)
        for found in (self._handlers, self._refreshers):
            check_complete(EngineRead, found)
            check_complete(SessionRead, found)

    async def refresh(self, command: EngineRead | SessionRead) -> None:
        """Updates the snapshot's data for a read. If the engine does not answer, the data does not change."""
        about = [command.torrent] if isinstance(command, EngineRead) else []
        await self._refreshers[type(command)](*about)

    def steps(self, command: EngineRead | SessionRead) -> Steps:
        """Makes the result of a read in steps. The rows in the result are encoded. Raises OuzelError."""
        steps: Steps = self._handlers[type(command)](command)
        return steps

    @refreshes(ListFiles)
    async def _refresh_files(self, torrent: str) -> None:
        await self._engine.readings.files(torrent)

    @handles(ListFiles)
    def _files(self, command: ListFiles) -> Steps:
        start, torrent = _offset(command.cursor), self._reads.shown(command.torrent).torrent
        observed = self._snapshot.of(torrent)
        metadata = observed.metadata
        if metadata is None:
            raise _no_metadata()
        files: list[msgspec.Raw] = []
        size, end = 0, min(metadata.count, start + command.limit)
        while start + len(files) < end and size < pages.PAGE_BYTES:
            at = start + len(files)
            rows = self._snapshot.files(torrent, at, min(FILES_STEP, end - at))
            if not rows:
                break  # the torrent was removed meanwhile
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
        await self._engine.readings.trackers(torrent)

    @handles(ListTrackers)
    def _trackers(self, command: ListTrackers) -> Steps:
        desired, now = self._reads.shown(command.torrent), time.monotonic()
        age_s = self._snapshot.trackers.numbers_age_s(desired.torrent, now)
        yield from ()
        return {
            "trackers": self._snapshot.trackers_of(desired, now),
            "age_ms": None if age_s is None else int(age_s * 1000),
        }

    @refreshes(ListWebSeeds)
    async def _refresh_web_seeds(self, torrent: str) -> None:
        await self._engine.readings.web_seeds(torrent)

    @handles(ListWebSeeds)
    def _web_seeds(self, command: ListWebSeeds) -> Steps:
        yield from ()
        return {"web_seeds": self._snapshot.web_seeds_of(self._reads.shown(command.torrent))}

    @refreshes(ListPeers)
    async def _refresh_peers(self, torrent: str) -> None:
        await self._engine.readings.peers(torrent)

    @handles(ListPeers)
    def _peers(self, command: ListPeers) -> Steps:
        torrent = self._reads.shown(command.torrent).torrent
        found = self._snapshot.answers.latest(torrent, PeersQueried, time.monotonic())
        yield from ()
        if found is None:
            return {"peers": [], "connected": 0, "age_ms": None}
        answer, age_ms = found
        return {"peers": answer.peers or [], "connected": answer.connected, "age_ms": age_ms}

    @refreshes(PieceMap)
    async def _refresh_pieces(self, torrent: str) -> None:
        await self._engine.readings.pieces(torrent)

    @handles(PieceMap)
    def _pieces(self, command: PieceMap) -> Steps:
        desired, now = self._reads.shown(command.torrent), time.monotonic()
        found = self._snapshot.answers.latest(desired.torrent, PiecesQueried, now)
        if found is None and self._snapshot.metadata(desired) is None:
            raise _no_metadata()
        if found is None:
            problem = "no engine has reported the torrent's pieces yet"
            raise OuzelError(ErrorKind.ENGINE_UNAVAILABLE, problem, retry_after_ms=1000)
        yield from ()
        answer, age_ms = found
        return {
            "pieces": answer.pieces,
            "have": answer.have,
            "availability": answer.availability,
            "age_ms": age_ms,
        }

    @refreshes(GetCounters)
    async def _refresh_counters(self) -> None:
        await self._engine.readings.counters()

    @handles(GetCounters)
    def _counters(self, _: GetCounters) -> Steps:
        found = self._engine.readings.latest_counters
        yield from ()
        if found is None:
            raise OuzelError(
                ErrorKind.ENGINE_UNAVAILABLE, "no engine has reported its counters yet", retry_after_ms=1000
            )
        answer, at = found
        return {"counters": answer.counters, "age_ms": answer.age_ms + max(0, int((time.monotonic() - at) * 1000))}


def _no_metadata() -> OuzelError:
    return OuzelError(ErrorKind.NO_METADATA, "the torrent's metadata has not arrived yet", retry_after_ms=1000)


def _offset(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isdecimal() or len(cursor) > 9:
        raise no_cursor()
    return int(cursor)
