"""Values that are reported only on request: by a running engine, or from stored data."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from protocol.internal.link_commands import EnsureTorrent
from protocol.internal.link_events import EngineEvent, FilesRestored, TorrentApplied
from protocol.internal.link_queries import (
    CountersQueried,
    PeersQueried,
    PiecesQueried,
    QueryCounters,
    QueryFiles,
    QueryPeers,
    QueryPieces,
)
from protocol.wire.desired import DesiredTorrent
from protocol.wire.events.torrent_events import FileEntry
from protocol.wire.metadata import KnownMetadata
from supervisor.engine.process.describer import Describer
from supervisor.engine.torrents.readings import Readings
from tests.supervisor.bench import Bench, bench
from tests.supervisor.samples import OTHER, V1, desired

FILE = FileEntry(index=0, path="n/a", size=5, priority=4)


class Stored(Describer):
    """A describer that knows one file of each torrent."""

    def __init__(self) -> None:
        super().__init__(Path("/nowhere"), "off")
        self.asked: list[list[str]] = []

    async def describe(self, torrents: Sequence[DesiredTorrent]) -> list[EngineEvent]:
        self.asked.append([each.torrent for each in torrents])
        return [
            FilesRestored(
                torrent=each.torrent,
                metadata=KnownMetadata(name="n", size=5, piece_length=16, files=len([FILE])),
                files=[FILE],
            )
            for each in torrents
        ]


class Stage:
    """Readings with the bench's parts."""

    def __init__(self, on: Bench) -> None:
        self.stored = Stored()
        self.stranded = False
        self.readings = Readings(
            torrents=on.catalogue,
            snapshot=on.snapshot,
            link=on.link,
            observer=on.observer,
            describer=self.stored,
            stranded=lambda: self.stranded,
        )


async def test_a_running_engine_is_asked_once_in_a_while(tmp_path: Path) -> None:
    """And only for torrents that it has."""
    async with bench(tmp_path) as on:
        stage = Stage(on)
        await on.catalogue.put(desired())
        await stage.readings.files(OTHER)
        engine = await on.engine()
        on.observer.handle(TorrentApplied(torrent=V1, revision=1))
        for _ in range(2):
            await stage.readings.files(V1)
        assert len(await engine.given(QueryFiles)) == 1
        told = on.snapshot.of(V1).file_bytes
        assert told is not None
        assert told[1] == [1, 2, 3]
        assert stage.stored.asked == []


async def test_what_no_engine_has_is_described(tmp_path: Path) -> None:
    """On request; and all of them, once each, if there will be no engine for a while."""
    async with bench(tmp_path) as on:
        stage = Stage(on)
        await on.catalogue.put(desired())
        await on.catalogue.put(desired(OTHER))
        await stage.readings.files(V1)
        assert stage.stored.asked == [[V1]]
        assert [row.path for row in on.snapshot.files(V1) or []] == ["n/a"]
        await stage.readings._describe_unloaded()
        assert stage.stored.asked == [[V1]]
        stage.stranded = True
        for _ in range(2):
            await stage.readings._describe_unloaded()
        assert stage.stored.asked == [[V1], [OTHER]]


async def test_an_engine_that_dies_meanwhile_leaves_what_was_known(tmp_path: Path) -> None:
    """There is no error: the cached values have their age."""
    async with bench(tmp_path) as on:
        stage = Stage(on)
        await on.catalogue.put(desired())
        await on.engine(EnsureTorrent)
        on.observer.handle(TorrentApplied(torrent=V1, revision=1))
        on.link.detach()
        await stage.readings.files(V1)
        await stage.readings.trackers(V1)
        await stage.readings.peers(V1)
        await stage.readings.pieces(V1)
        assert on.snapshot.of(V1).file_bytes is None


async def test_answers_about_peers_and_pieces_are_stored(tmp_path: Path) -> None:
    """Those of an engine that has the torrent; others change nothing."""
    async with bench(tmp_path) as on:
        stage = Stage(on)
        await on.catalogue.put(desired())
        engine = await on.engine()
        on.observer.handle(TorrentApplied(torrent=V1, revision=1))
        for known in (True, False):
            for ask, kind in ((stage.readings.peers, QueryPeers), (stage.readings.pieces, QueryPieces)):
                asking = asyncio.ensure_future(ask(V1))
                query: Any = (await engine.given(kind, 2 - known))[-1]
                if kind is QueryPeers:
                    await engine.tell(PeersQueried(token=query.token, peers=[] if known else None))
                else:
                    await engine.tell(PiecesQueried(token=query.token, pieces=5 if known else None))
                await asking
        peers = on.snapshot.answers.latest(V1, PeersQueried, 0.0)
        pieces = on.snapshot.answers.latest(V1, PiecesQueried, 0.0)
        assert peers is not None
        assert pieces is not None
        assert (peers[0].peers, pieces[0].pieces) == ([], 5)


async def test_the_last_counters_are_kept(tmp_path: Path) -> None:
    """Null, or no engine, changes nothing."""
    async with bench(tmp_path) as on:
        stage = Stage(on)

        def latest() -> dict[str, int] | None:
            found = stage.readings.latest_counters
            return found[0].counters if found else None

        await stage.readings.counters()
        assert latest() is None
        engine = await on.engine()
        for number, counters in enumerate(({"a": 1}, None), 1):
            asking = asyncio.ensure_future(stage.readings.counters())
            query = (await engine.given(QueryCounters, number))[-1]
            await engine.tell(CountersQueried(token=query.token, counters=counters))
            await asking
            assert latest() == {"a": 1}
