"""Asks the daemon for details of torrents, and stores the last answers."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from starlette.exceptions import HTTPException

from gateway.daemon.daemon import Daemon, Unavailable
from gateway.qbittorrent.present import NOT_FOUND
from ouzel.client import calls
from ouzel.errors import Refused
from protocol.wire.peer_rows import PeerRow, TrackerRow
from protocol.wire.results import PieceReport
from protocol.wire.rows import FileRow

T = TypeVar("T")

KEPT: Final = 300
"""The maximum number of answers that are kept."""
KEPT_ROWS: Final = 100_000
"""The maximum number of rows in an answer that is kept."""
DEADLINE_MS: Final = 4_000
SWITCHES: Final = ("enable_dht", "enable_lsd")


class Details:
    """The details of torrents, by their ids.

    While the daemon or the engine is away, each method returns its last answer. Without a last answer, it raises
    Unavailable. If the torrent was removed, it raises HTTPException (404).
    """

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._kept: OrderedDict[tuple[str, str], Any] = OrderedDict()

    async def files(self, torrent: str) -> list[FileRow]:
        """The files, sorted by index."""

        async def ask() -> list[FileRow]:
            found: list[FileRow] = []
            cursor: str | None = None
            while True:
                page = await self._daemon.run(calls.list_files(cursor, torrent=torrent), deadline_ms=DEADLINE_MS)
                found += page.items
                cursor = page.cursor
                if cursor is None:
                    return found

        return await self._last("files", torrent, ask)

    async def trackers(self, torrent: str) -> list[TrackerRow]:
        """The trackers by tier."""
        return await self._last(
            "trackers",
            torrent,
            lambda: self._daemon.run(calls.list_trackers(torrent), deadline_ms=DEADLINE_MS),
        )

    async def peers(self, torrent: str) -> list[PeerRow]:
        """The connected peers. The list is empty while the daemon is away."""
        try:
            return await self._last(
                "peers", torrent, lambda: self._daemon.run(calls.list_peers(torrent), deadline_ms=DEADLINE_MS)
            )
        except Unavailable:
            return []

    async def web_seeds(self, torrent: str) -> list[str]:
        """The URLs of web seeds."""
        return await self._last(
            "web_seeds",
            torrent,
            lambda: self._daemon.run(calls.list_web_seeds(torrent), deadline_ms=DEADLINE_MS),
        )

    async def pieces(self, torrent: str) -> PieceReport:
        """The pieces of the torrent, and the number of peers that have each piece."""
        return await self._last(
            "pieces", torrent, lambda: self._daemon.run(calls.piece_map(torrent), deadline_ms=DEADLINE_MS)
        )

    async def switched_off(self) -> frozenset[str]:
        """Returns which of the settings `enable_dht` and `enable_lsd` are off. Empty if the settings are not known."""
        try:
            found = await self._last(
                "settings", "", lambda: self._daemon.run(calls.get_settings(), deadline_ms=DEADLINE_MS)
            )
        except Unavailable:
            return frozenset()
        return frozenset(name for name in SWITCHES if name in found and not found[name].value)

    async def metainfo(self, torrent: str) -> bytes:
        """The .torrent file. It is empty if the metadata is not known."""
        exported = await self._ask(lambda: self._daemon.run(calls.export_torrent(torrent), deadline_ms=DEADLINE_MS))
        return exported.metainfo or b""

    async def _last(self, kind: str, torrent: str, ask: Callable[[], Awaitable[T]]) -> T:
        key = (kind, torrent)
        try:
            found = await self._ask(ask)
        except Unavailable:
            if key not in self._kept:
                raise
            last: T = self._kept[key]
            return last
        if isinstance(found, list) and len(found) > KEPT_ROWS:
            self._kept.pop(key, None)
            return found
        self._kept[key] = found
        self._kept.move_to_end(key)
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return found

    async def _ask(self, ask: Callable[[], Awaitable[T]]) -> T:
        try:
            return await ask()
        except Refused as error:
            raise HTTPException(404, NOT_FOUND) from error
