"""Readings: updates the snapshot with data that needs a request.

`Readings` requests this data from a running engine:
- how many bytes of each file are complete
- the readings of each tracker, such as its number of seeds
- the connected peers
- the state of each piece

For a torrent that is not loaded, the describer reads the torrent's size and files.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Final

from protocol.internal.link_queries import (
    AnswerT,
    CountersQueried,
    Query,
    QueryCounters,
    QueryFiles,
    QueryPeers,
    QueryPieces,
    QueryTrackers,
    QueryWebSeeds,
)
from protocol.wire.desired import DesiredTorrent
from protocol.wire.errors import OuzelError
from supervisor.engine.process.describer import AT_ONCE, Describer
from supervisor.engine.process.engine_link import EngineLink
from supervisor.engine.torrents.observed.snapshot import Snapshot
from supervisor.engine.torrents.observer import Observer
from supervisor.engine.torrents.own_torrents import OwnTorrents

FILES_FRESH_S: Final = 1.0
"""For how long file progress is reused."""

LOOK_S: Final = 1.0
"""The interval between checks for torrents without metadata."""


class Readings:
    """Requests data from the engine of one slot, and updates the snapshot.

    Args:
        torrents: the records of the slot.
        observer: applies the stored data of torrents to the snapshot.
        describer: reads the stored data of torrents.
        stranded: whether no engine will be started for a while.
    """

    def __init__(
        self,
        *,
        torrents: OwnTorrents,
        snapshot: Snapshot,
        link: EngineLink,
        observer: Observer,
        describer: Describer,
        stranded: Callable[[], bool],
    ) -> None:
        self._own = torrents
        self._snapshot = snapshot
        self._link = link
        self._observer = observer
        self._describer = describer
        self._stranded = stranded
        self._described: set[str] = set()
        """The torrents with stored data that was read."""
        self._all_described = False
        self.latest_counters: tuple[CountersQueried, float] | None = None
        """The last counters of an engine, and the time of their arrival in monotonic seconds."""

    async def counters(self) -> None:
        """If an engine runs, updates libtorrent's counters."""
        if not self._link.up:
            return
        with contextlib.suppress(OuzelError):  # the engine died meanwhile: the earlier counters are used
            answer = await self._link.ask(QueryCounters())
            if answer.counters is not None:
                self.latest_counters = answer, time.monotonic()

    async def files(self, torrent: str) -> None:
        """Updates a torrent's file progress.

        If a torrent is not loaded and its files are not known, reads the stored metadata.
        """
        torrent = self._own.resolve(torrent)
        if torrent not in self._own.torrents:
            return
        observed = self._snapshot.of(torrent)
        if torrent not in self._snapshot.present:
            if observed.metadata is None:
                await self._describe([self._own.torrents[torrent]])
            return
        if not self._link.up:
            return
        if observed.file_bytes is not None and time.monotonic() - observed.file_bytes[0] < FILES_FRESH_S:
            return
        try:
            answer = await self._link.ask(QueryFiles(torrent=torrent))
        except OuzelError:
            return  # the engine died meanwhile: the cached numbers are used
        if answer.bytes_done is not None:
            observed.file_bytes = (time.monotonic(), answer.bytes_done)

    async def trackers(self, torrent: str) -> None:
        """If an engine has loaded a torrent, updates the readings of the torrent's trackers."""
        torrent = self._own.resolve(torrent)
        answer = await self._ask(torrent, QueryTrackers(torrent=torrent))
        if answer is not None and answer.trackers is not None:
            self._snapshot.trackers.read(torrent, answer.trackers, time.monotonic())

    async def web_seeds(self, torrent: str) -> None:
        """If an engine has loaded a torrent, updates the torrent's web seeds."""
        torrent = self._own.resolve(torrent)
        answer = await self._ask(torrent, QueryWebSeeds(torrent=torrent))
        if answer is not None and answer.urls is not None:
            self._snapshot.web_seeds[torrent] = answer.urls

    async def peers(self, torrent: str) -> None:
        """If an engine has loaded a torrent, updates the answer about the torrent's peers."""
        torrent = self._own.resolve(torrent)
        answer = await self._ask(torrent, QueryPeers(torrent=torrent))
        if answer is not None and answer.peers is not None:
            self._snapshot.answers.store(torrent, answer, time.monotonic())

    async def pieces(self, torrent: str) -> None:
        """If an engine has loaded a torrent, updates the answer about the torrent's pieces."""
        torrent = self._own.resolve(torrent)
        answer = await self._ask(torrent, QueryPieces(torrent=torrent))
        if answer is not None and answer.pieces is not None:
            self._snapshot.answers.store(torrent, answer, time.monotonic())

    async def _ask(self, torrent: str, query: Query[AnswerT]) -> AnswerT | None:
        """The answer about a loaded torrent. None without an answer, or if the torrent was removed meanwhile."""
        if torrent not in self._snapshot.present or not self._link.up:
            return None
        try:
            answer = await self._link.ask(query)
        except OuzelError:
            return None  # the engine died meanwhile: what it reported earlier is used
        return answer if torrent in self._own.torrents else None

    async def run(self) -> None:
        """Reads the stored data of torrents that no engine will load soon. Reads each torrent once. Runs for ever."""
        while True:
            await self._describe_unloaded()
            await asyncio.sleep(LOOK_S)

    async def _describe_unloaded(self) -> None:
        stranded = not self._link.up and self._stranded()
        if self._all_described and not stranded:
            return
        unknown = [
            each
            for torrent, each in self._own.torrents.items()
            if (stranded or each.quarantine is not None)
            and torrent not in self._described
            and torrent not in self._snapshot.present
            and self._snapshot.of(torrent).metadata is None
        ]
        self._all_described = not unknown
        if unknown:
            await self._describe(unknown[:AT_ONCE])

    async def _describe(self, torrents: list[DesiredTorrent]) -> None:
        self._described.update(each.torrent for each in torrents)
        for event in await self._describer.describe(torrents):
            self._observer.handle_described(event)
