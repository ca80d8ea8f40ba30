"""Keeps the mirror up to date."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import msgspec
import structlog
from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential

from gateway.mirror.mirror import Mirror
from gateway.mirror.torrent import Facts
from ouzel.client import calls
from ouzel.client.aio import AsyncClient
from ouzel.client.aio_events import AsyncEvents
from ouzel.client.call import Call
from ouzel.requests import result_of
from ouzel.stream.event import Event, Resnapshot
from ouzel.stream.feed import Item
from ouzel.stream.silence import DaemonSilent
from protocol.wire import codec
from protocol.wire.envelope import Reply
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.rows import TorrentRow

log = structlog.get_logger()

BATCH: Final = 500
"""The maximum number of rows that are read at once."""
TURN_S: Final = 0.25
"""The interval between reads of rows that have changed."""
SWEEP_S: Final = 30.0
"""The time in which every row is read once."""
POLL_S: Final = 1.0
"""The interval between reads of the service's state."""
RECONNECT: Final = wait_exponential(multiplier=0.1, max=2)
"""The delays between attempts to reach the daemon."""
CATEGORIES_TURNS: Final = 5
"""In one of so many turns, categories, health and counters are read, too."""

SILENT_S: Final = 3.0
"""After this many seconds without a message the daemon counts as away. It sends a tick every second."""

FACTS: Final = tuple(name for name in Facts.__struct_fields__ if name != "trackers")
"""The fields of `Facts` that are read with each row."""
TRACKERS: Final = "tracker_status"
"""The member of the details that has all trackers. Of each, the URL and the tier are facts."""
FIELDS: Final = (*TorrentRow.__struct_fields__, *FACTS, TRACKERS)


class Follower:
    """Follows the daemon until it is cancelled.

    Args:
        client: a client of the daemon.
        mirror: the state to update.
        admit: is awaited with the ids of new torrents, before the mirror has them.
    """

    def __init__(self, client: AsyncClient, mirror: Mirror, admit: Callable[[Iterable[str]], Awaitable[None]]) -> None:
        self._client = client
        self._mirror = mirror
        self._admit = admit
        self._dirty: dict[str, None] = {}
        self._unswept: list[str] = []
        self._heard_s = time.monotonic()
        self._polls = 0

    async def run(self) -> None:
        """Reads events, and reads again in the background what events lack."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow())
            group.create_task(self._every(TURN_S, self._refresh_changed))
            group.create_task(self._every(POLL_S, self._poll))
            group.create_task(self._every(POLL_S, self._notice_silence))

    async def refresh(self, ids: Iterable[str]) -> None:
        """Reads rows at once, such as those that the gateway itself has changed.

        Raises:
            OuzelError: the daemon does not answer, or refuses.
        """
        wanted = list(ids)
        for start in range(0, len(wanted), BATCH):
            batch = wanted[start : start + BATCH]
            for each in batch:
                self._dirty.pop(each, None)
            reply, rows = await self._client.run(read_rows(batch))
            self._mirror.refresh(rows, reply.epoch, reply.seq, _now_us())

    async def refresh_categories(self) -> None:
        """Reads the categories at once. Raises OuzelError as `refresh` does."""
        self._mirror.categories = {each.name: each for each in await self._client.run(calls.list_categories())}

    async def _follow(self) -> None:
        while True:
            try:
                async with await self._connect() as events:
                    async for item in events:
                        self._heard_s = time.monotonic()
                        await self._hear(item)
            except OuzelError as error:
                log.warning("daemon_away", problem=str(error))
                self._mirror.apply(DaemonSilent(silence_s=0.0, since_us=_now_us()), _now_us())

    async def _connect(self) -> AsyncEvents:
        """Returns a started stream, however long that takes."""
        retrying = AsyncRetrying(wait=RECONNECT, retry=retry_if_exception_type(OuzelError))
        async for attempt in retrying:
            with attempt:
                events = self._client.events(progress=True, ticks=True, snapshot=True)
                await events.start()
                return events
        raise AssertionError  # it retries for ever

    async def _hear(self, item: Item) -> None:
        if isinstance(item, Resnapshot):
            await self._admit(row.torrent for row in item.torrents)
            self._dirty.clear()
            self._polls = 0
            with contextlib.suppress(OuzelError):
                await self._poll()  # once there are torrents, the state of the service is known, too
        elif item.type == "torrent_added" and item.torrent is not None:
            await self._admit([item.torrent])
        changed = self._mirror.apply(item, _now_us())
        if not isinstance(item, Event) or item.type != "engine_lost":
            self._dirty.update(dict.fromkeys(changed))
        if isinstance(item, Event) and item.torrent in self._mirror.torrents and item.type != "progress":
            self._dirty[item.torrent] = None

    async def _every(self, interval_s: float, step: Callable[[], Awaitable[None]]) -> None:
        """Repeats a step. A failure of the daemon is not reported here: the event stream notices it, too."""
        while True:
            await asyncio.sleep(interval_s)
            if self._mirror.ready:
                with contextlib.suppress(OuzelError):
                    await step()

    async def _refresh_changed(self) -> None:
        """Reads the rows that have changed, and some others, so that each is read once in `SWEEP_S`."""
        batch = list(self._dirty)[:BATCH]
        if not self._unswept:
            self._unswept = list(self._mirror.torrents)
        share = min(BATCH - len(batch), int(len(self._mirror.torrents) * TURN_S / SWEEP_S) + 1)
        if share > 0:
            batch += self._unswept[-share:]
            del self._unswept[-share:]
        await self.refresh(each for each in dict.fromkeys(batch) if each in self._mirror.torrents)

    async def _notice_silence(self) -> None:
        if time.monotonic() - self._heard_s > SILENT_S:
            self._mirror.apply(DaemonSilent(silence_s=SILENT_S, since_us=_now_us()), _now_us())

    async def _poll(self) -> None:
        """Reads the service's state."""
        self._mirror.stats = await self._client.run(calls.stats())
        self._polls += 1
        if self._polls % CATEGORIES_TURNS == 1:
            await self.refresh_categories()
            self._mirror.health = await self._client.run(calls.health())
            self._mirror.counters = (await self._client.run(calls.get_counters())).counters


class _Tracker(msgspec.Struct):
    url: str
    tier: int


class _Trackers(msgspec.Struct):
    tracker_status: list[_Tracker] = []


def read_rows(ids: list[str]) -> Call[tuple[Reply, list[tuple[TorrentRow, Facts]]]]:
    """Returns a call that reads rows with their facts. Unknown ids are left out."""

    def read(reply: Reply) -> tuple[Reply, list[tuple[TorrentRow, Facts]]]:
        found = result_of(reply)["torrents"]
        rows = codec.convert(found, list[TorrentRow], within="result.torrents", error=ErrorKind.MALFORMED_FRAME)
        facts = codec.convert(found, list[Facts], within="result.torrents", error=ErrorKind.MALFORMED_FRAME)
        trackers = codec.convert(found, list[_Trackers], within="result.torrents", error=ErrorKind.MALFORMED_FRAME)
        whole = (
            msgspec.structs.replace(each, trackers=tuple((tracker.url, tracker.tier) for tracker in its.tracker_status))
            for each, its in zip(facts, trackers, strict=True)
        )
        return reply, list(zip(rows, whole, strict=True))

    return Call("list_torrents", {"ids": ids, "fields": list(FIELDS)}, read)


def _now_us() -> int:
    return time.time_ns() // 1000
