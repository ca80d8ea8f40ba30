"""Requests files, peers, trackers and pieces of torrents from the daemon, and stores the last answers."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from gateway.daemon.daemon import Daemon, Unavailable
from gateway.mirror.torrent import Torrent
from ouzel import FileRow, PeerRow, PieceReport, TrackerRow
from ouzel.client import calls
from ouzel.client.call import Call, Page
from ouzel.errors import Refused
from protocol.wire.rows import TorrentRow

KEPT: Final = 20_000
"""The maximum number of torrents with stored answers."""
FRESH_S: Final = 1.0
"""The time after which an answer is read again, if the torrent may have changed."""
STALE_S: Final = 60.0
"""The time after which each answer is read again."""
DEADLINE_MS: Final = 4_000
AT_ONCE: Final = 64


class Kind(Enum):
    """The kinds of details.

    - `SENDING`: the peers, if the torrent transfers data
    - `TRACKER_URLS`: the trackers, if the mirror does not have their URLs
    """

    FILES = "files"
    PEERS = "peers"
    PIECES = "pieces"
    SENDING = "sending"
    TRACKERS = "trackers"
    TRACKER_URLS = "tracker_urls"
    WEB_SEEDS = "web_seeds"

    @property
    def whole(self) -> "Kind":
        """The kind that has the answer for all torrents."""
        return {Kind.SENDING: Kind.PEERS, Kind.TRACKER_URLS: Kind.TRACKERS}.get(self, self)


@dataclass
class Known:
    """The details of one torrent. A member is None until its first read."""

    files: list[FileRow] | None = None
    peers: list[PeerRow] | None = None
    pieces: PieceReport | None = None
    trackers: list[TrackerRow] | None = None
    web_seeds: list[str] | None = None
    read: dict[Kind, tuple[float, object]] = field(default_factory=dict)


NOTHING: Final = Known()


class Details:
    """Reads and stores details."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._known: OrderedDict[str, Known] = OrderedDict()

    def of(self, torrent: Torrent) -> Known:
        """The stored details of a torrent."""
        return self._known.get(torrent.row.torrent, NOTHING)

    def drop(self, ids: Iterable[str]) -> None:
        """Marks torrents. The next request for their details reads the details again."""
        for each in ids:
            if (known := self._known.get(each)) is not None:
                known.read.clear()

    async def read(self, torrents: Iterable[Torrent], kinds: Collection[Kind]) -> None:
        """Reads details that are missing or outdated. While the daemon is away, the last answers stay."""
        limit = asyncio.Semaphore(AT_ONCE)
        now_s = time.monotonic()
        missing = {
            (torrent.row.torrent, kind.whole): torrent.row
            for torrent in torrents
            for kind in kinds
            if _answerable(torrent, kind) and not self._fresh(torrent.row, kind.whole, now_s)
        }
        if missing and not self._daemon.mirror.away:
            async with asyncio.TaskGroup() as group:
                for (_, kind), row in missing.items():
                    group.create_task(self._read(row, kind, limit))

    def _fresh(self, row: TorrentRow, kind: Kind, now_s: float) -> bool:
        known = self._known.get(row.torrent)
        at_s, key = (known.read.get(kind) if known is not None else None) or (0.0, None)
        age_s = now_s - at_s
        return at_s > 0 and (age_s < FRESH_S or (age_s < STALE_S and key == _key(row, kind)))

    async def _read(self, row: TorrentRow, kind: Kind, limit: asyncio.Semaphore) -> None:
        async with limit:
            try:
                value = await self._value(row, kind)
            except (Refused, Unavailable):
                return
        known = self._known.setdefault(row.torrent, Known())
        self._known.move_to_end(row.torrent)
        setattr(known, kind.value, value)
        known.read[kind] = time.monotonic(), _key(row, kind)
        while len(self._known) > KEPT:
            self._known.popitem(last=False)

    async def _value(self, row: TorrentRow, kind: Kind) -> Any:
        if kind is Kind.FILES:
            return await self._files(row.torrent)
        call: Call[Any] = {
            Kind.PEERS: calls.list_peers,
            Kind.PIECES: calls.piece_map,
            Kind.TRACKERS: calls.list_trackers,
            Kind.WEB_SEEDS: calls.list_web_seeds,
        }[kind](row.torrent)
        return await self._daemon.run(call, deadline_ms=DEADLINE_MS)

    async def _files(self, torrent: str) -> list[FileRow]:
        files: list[FileRow] = []
        cursor: str | None = None
        while True:
            page: Page[FileRow] = await self._daemon.run(
                calls.list_files(cursor, torrent=torrent), deadline_ms=DEADLINE_MS
            )
            files += page.items
            cursor = page.cursor
            if cursor is None:
                return files


def _answerable(torrent: Torrent, kind: Kind) -> bool:
    """Whether the daemon has details of this kind. Without metadata, a torrent has no files and no pieces."""
    row = torrent.row
    match kind:
        case Kind.FILES | Kind.PIECES:
            return row.size > 0
        case Kind.PEERS:
            return row.peers > 0
        case Kind.SENDING:
            return row.peers > 0 and (row.download_bps > 0 or row.upload_bps > 0)
        case Kind.TRACKER_URLS:
            return not torrent.facts.trackers
        case Kind.TRACKERS | Kind.WEB_SEEDS:
            return True


def _key(row: TorrentRow, kind: Kind) -> object:
    """Returns a value that changes whenever the answer may change."""
    match kind:
        case Kind.FILES:
            return row.bytes_done, row.bytes_total, row.content, row.save_path
        case Kind.PIECES:
            return row.bytes_done, row.peers if row.bytes_done < row.size else None
        case Kind.TRACKERS:
            return row.tracker, row.swarm_seeds, row.swarm_leeches, row.state
        case Kind.WEB_SEEDS:
            return None
        case _:
            return object()  # peers change all the time, which no value shows
