"""Readings: brings into the snapshot what an engine tells only when asked, and what is stored of unloaded torrents.

File progress and the numbers of trackers are read from a running engine. Of torrents that no engine has loaded, a
describer's process finds out how large they are and which files they have.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from protocol.internal.link_queries import QueryFiles, QueryTrackers
from protocol.wire.desired import DesiredTorrent
from protocol.wire.errors import OuzelError
from supervisor.engine.process.describer import AT_ONCE, Describer
from supervisor.engine.process.engine_link import EngineLink
from supervisor.engine.torrents.observer import Observer
from supervisor.engine.torrents.own_torrents import OwnTorrents
from supervisor.engine.torrents.snapshot import Snapshot

FILES_FRESH_S: Final = 1.0
"""For how long file progress that was read counts as new."""

LOOK_S: Final = 1.0
"""How often it is looked for torrents of which nothing is known."""


class Readings:
    """One engine's.

    Args:
        torrents: the engine's own.
        observer: takes in what is stored of torrents.
        describer: finds that out.
        stranded: whether there is no engine, and none in a moment.
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
        """The torrents of which it was found out what is stored."""
        self._all_described = False

    async def files(self, torrent: str) -> None:
        """Brings a torrent's file progress up to date, unless that was done just now or there is nobody to ask."""
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
            return  # the engine died meanwhile: the cached numbers will do
        if answer.bytes_done is not None:
            observed.file_bytes = (time.monotonic(), answer.bytes_done)

    async def trackers(self, torrent: str) -> None:
        """Brings the numbers of a torrent's trackers up to date, unless there is nobody to ask."""
        torrent = self._own.resolve(torrent)
        if torrent not in self._snapshot.present or not self._link.up:
            return
        try:
            answer = await self._link.ask(QueryTrackers(torrent=torrent))
        except OuzelError:
            return  # the engine died meanwhile: what was told before will do
        if answer.trackers is not None and torrent in self._own.torrents:
            self._snapshot.trackers.read(torrent, answer.trackers, time.monotonic())

    async def run(self) -> None:
        """Has torrents described that no engine will load soon, or ever; once for each of them. For ever."""
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
