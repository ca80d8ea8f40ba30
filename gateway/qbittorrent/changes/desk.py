"""Finds torrents by their hashes, and runs commands on them."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from starlette.exceptions import HTTPException

from gateway.daemon.daemon import Unavailable
from gateway.mirror.torrent import NO_FACTS, Torrent
from gateway.qbittorrent.changes.kept import Kept
from gateway.qbittorrent.present import Present
from ouzel.client import calls
from ouzel.client.call import Call
from ouzel.errors import Refused
from protocol.wire.desired import TorrentOptions
from protocol.wire.errors import ErrorKind

GONE: Final = frozenset({ErrorKind.UNKNOWN_TORRENT, ErrorKind.TORRENT_BUSY})
"""The errors for a torrent that was removed meanwhile. The API treats it as an unknown hash."""
SHOWN_S: Final = 2.0
"""The longest wait until the mirror shows an addition or a removal."""
STEP_S: Final = 0.01
PING_MS: Final = 500

SETTLED: Final = frozenset({*GONE, ErrorKind.TORRENT_PAUSED, ErrorKind.NOT_IN_QUEUE, ErrorKind.QUARANTINED})
"""The refusals of the daemon that qBittorrent would not report."""


class Desk:
    """The objects and functions that all handlers use.

    Fields:
        gateway: the parts of the gateway.
        kept: the data that only the gateway has.
        turn: a lock. A handler holds the lock while it reads and then replaces a value, such as a list of tags.
    """

    def __init__(self, present: Present) -> None:
        self.gateway = present.gateway
        self.kept = Kept(present.gateway.store, present.touch)
        self.turn = asyncio.Lock()

    async def reachable(self) -> None:
        """Raises Unavailable if the daemon is known to be away.

        Without this check, a command would wait until its deadline.
        """
        if self.gateway.mirror.away:
            await self.gateway.daemon.run(calls.ping(), deadline_ms=PING_MS)

    def many(self, hashes: str) -> list[Torrent]:
        """Finds the torrents in a list such as `hash1|hash2` or `all`. Ignores unknown hashes. Raises Unavailable."""
        self._check()
        mirror = self.gateway.mirror
        if hashes.strip().lower() == "all":
            return list(mirror.torrents.values())
        found = (mirror.find(each.strip().lower()) for each in hashes.split("|"))
        return list({each.row.torrent: each for each in found if each is not None}.values())

    def one(self, info_hash: str) -> Torrent:
        """The torrent with this hash. Raises HTTPException (404), or Unavailable."""
        self._check()
        found = self.gateway.mirror.find(info_hash.strip().lower())
        if found is None:
            raise HTTPException(404, "Not Found")
        return found

    async def run(self, torrents: Iterable[Torrent], *batches: Sequence[Call[Any]]) -> None:
        """Runs each batch of commands, and then reads the torrents again.

        The commands of one batch run at the same time.

        Raises:
            Unavailable: the daemon cannot accept the commands now.
            HTTPException: 409, if the daemon refuses a command.
        """
        refused: list[Refused] = []
        try:
            for batch in batches:
                refused += [each for each in await self.gateway.daemon.run_many(batch) if isinstance(each, Refused)]
        finally:
            await self.refresh(torrents)
        for each in refused:
            if each.kind not in SETTLED:
                raise HTTPException(409, each.message)

    async def refresh(self, torrents: Iterable[Torrent]) -> None:
        """Reads torrents again, so that the next answer shows their changes."""
        await self.gateway.daemon.refresh([each.row.torrent for each in torrents])

    async def options(self, torrents: Sequence[Torrent]) -> list[TorrentOptions]:
        """The options of torrents, from the mirror if it has them. Raises Unavailable."""
        unknown = [each.row.torrent for each in torrents if each.facts == NO_FACTS]
        details = await self.gateway.daemon.run_many([calls.get_torrent(each) for each in unknown])
        read = {each.torrent: each.options for each in details if not isinstance(each, Refused)}
        return [read.get(each.row.torrent, each.facts.options) for each in torrents]

    async def shown(self, condition: Callable[[], bool], within_s: float = SHOWN_S) -> None:
        """Waits until the mirror shows a change, at most `within_s`."""
        deadline_s = asyncio.get_running_loop().time() + within_s
        while not condition() and asyncio.get_running_loop().time() < deadline_s:  # noqa: ASYNC110  # no event says so
            await asyncio.sleep(STEP_S)

    def _check(self) -> None:
        if not self.gateway.mirror.ready:
            raise Unavailable("the torrents are not known yet")
