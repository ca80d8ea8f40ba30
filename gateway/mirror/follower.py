"""Keeps the mirror up to date."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

import structlog
from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential

from gateway.mirror import reading
from gateway.mirror.mirror import Mirror
from gateway.mirror.reading import Page
from ouzel.client import calls
from ouzel.client.aio import AsyncClient
from ouzel.client.aio_events import AsyncEvents
from ouzel.stream.event import Event, Resnapshot
from ouzel.stream.feed import Item
from ouzel.stream.silence import DaemonSilent
from protocol.wire.errors import OuzelError

log = structlog.get_logger()

BATCH: Final = 250
"""The maximum number of torrents that are read at once."""
TURN_S: Final = 0.25
"""The interval between reads of torrents with new events."""
SWEEP_S: Final = 60.0
"""The time in which the follower reads each row at least once. Some changes, such as a new category, have no event."""
POLL_S: Final = 1.0
"""The interval between reads of the service's state. Rows with new progress are read at the same time."""
RECONNECT: Final = wait_exponential(multiplier=0.1, max=2)
"""The delays between attempts to reach the daemon."""
CATEGORIES_TURNS: Final = 5
"""In one of this many polls, the follower also reads categories, health and counters."""
READ_MS: Final = 3000
"""The time limit of a read. A daemon that was restarted does not answer earlier requests."""
SILENT_TURNS: Final = 3
"""After this many polls without a message, the daemon counts as away. A daemon sends a tick every second."""
SERVICE_EVENTS: Final = frozenset({"engine_started", "engine_lost", "health_changed"})
"""After these events, the service's health is read at once."""
SETTINGS_EVENTS: Final = frozenset({"limits_applied", "settings_changed"})
"""If one of these events is not about a torrent, the follower reads the limits at once."""


class Follower:
    """Follows the daemon until it is cancelled.

    Args:
        client: a client of the daemon.
        mirror: the state to update.
        admit: awaited with the ids of new torrents, before the mirror has these torrents.
    """

    def __init__(self, client: AsyncClient, mirror: Mirror, admit: Callable[[Iterable[str]], Awaitable[None]]) -> None:
        self._client = client
        self._mirror = mirror
        self._admit = admit
        self._dirty: dict[str, None] = {}
        """The torrents with events. Their rows and facts are read again."""
        self._moving: dict[str, None] = {}
        """The torrents with progress. Only their rows are read again."""
        self._unswept: list[str] = []
        self._quiet_turns = 0
        self._polls = 0
        self._outdated: set[str] = set()
        """The types of recent events about the service."""

    async def run(self) -> None:
        """Reads events. In the background, requests the data that events do not have."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow())
            group.create_task(self._every(TURN_S, self._refresh_changed))
            group.create_task(self._every(POLL_S, self._sweep))
            group.create_task(self._every(POLL_S, self._poll))
            group.create_task(self._notice_silence())

    async def refresh(self, ids: Iterable[str]) -> None:
        """Reads torrents at once, for example after a change by the gateway.

        Raises:
            OuzelError: the daemon does not answer, or refuses.
        """
        changed = list(ids)
        await self._read(changed, facts=True)
        # The engine reports some changes after the reply, such as places in the queue. They have no event.
        self._moving.update(dict.fromkeys(changed))

    async def refresh_rows(self) -> None:
        """Reads all rows at once, after a change that has an effect on all torrents. Raises OuzelError."""
        await self._read(list(self._mirror.torrents), facts=False)

    async def refresh_categories(self) -> None:
        """Reads the categories at once. Raises OuzelError."""
        self._mirror.categories = {each.name: each for each in await self._client.run(calls.list_categories())}

    async def _follow(self) -> None:
        while True:
            try:
                async with await self._connect() as events:
                    async for item in events:
                        await self._hear([item, *events.received()])
            except OuzelError as error:
                log.warning("daemon_away", problem=str(error))
                self._mirror.apply(DaemonSilent(silence_s=0.0, since_us=_now_us()), _now_us())

    async def _connect(self) -> AsyncEvents:
        """Returns a started stream. Repeats the attempt until the daemon answers."""
        retrying = AsyncRetrying(wait=RECONNECT, retry=retry_if_exception_type(OuzelError))
        async for attempt in retrying:
            with attempt:
                events = self._client.events(progress=True, ticks=True, snapshot=True)
                await events.start()
                return events
        raise AssertionError  # it retries for ever

    async def _hear(self, items: Sequence[Item]) -> None:
        """Applies items. Admits all their new torrents together, because each admission is a durable write."""
        self._quiet_turns = 0
        await self._admit(each for item in items for each in _new_in(item))
        for item in items:
            if isinstance(item, Resnapshot):
                await self._hear_snapshot(item)
            else:
                self._hear_event(item)

    async def _hear_snapshot(self, item: Resnapshot) -> None:
        if self._mirror.stats is None:
            await self._poll()  # so that a mirror that is ready has all reports
        self._dirty.update(dict.fromkeys(self._mirror.apply(item, _now_us())))
        self._polls = 0

    def _hear_event(self, item: Event) -> None:
        self._mirror.apply(item, _now_us())
        if item.torrent is None:
            self._outdated.add(item.type)
        elif item.torrent in self._mirror.torrents:
            (self._moving if item.type == "progress" else self._dirty)[item.torrent] = None

    async def _every(self, interval_s: float, step: Callable[[], Awaitable[None]]) -> None:
        """Repeats a step. Ignores failures of the daemon, because the event stream notices and reports them."""
        while True:
            await asyncio.sleep(interval_s)
            if self._mirror.ready and not self._mirror.away:
                with contextlib.suppress(OuzelError):
                    await step()

    async def _notice_silence(self) -> None:
        """Counts the polls since the last message. A pause of this process does not count as silence."""
        while True:
            await asyncio.sleep(POLL_S)
            self._quiet_turns += 1
            if self._quiet_turns > SILENT_TURNS and not self._mirror.away:
                self._mirror.apply(DaemonSilent(silence_s=SILENT_TURNS * POLL_S, since_us=_now_us()), _now_us())

    async def _refresh_changed(self) -> None:
        """Reads the torrents with events. After events about the service, also reads the service's state."""
        outdated, self._outdated = self._outdated, set()
        if outdated & SETTINGS_EVENTS:
            self._mirror.settings = await self._client.run(reading.limits(), deadline_ms=READ_MS)
        if outdated & SERVICE_EVENTS:
            self._mirror.health = await self._client.run(calls.health(), deadline_ms=READ_MS)
        await self._read(list(self._dirty)[:BATCH], facts=True)

    async def _sweep(self) -> None:
        """Reads rows with progress, and a part of the other rows. Calls within `SWEEP_S` read all rows."""
        torrents = self._mirror.torrents
        if not self._unswept:
            self._unswept = list(torrents)
        share = int(len(torrents) * POLL_S / SWEEP_S) + 1
        ids = dict.fromkeys([*self._moving, *self._unswept[-share:]])
        del self._unswept[-share:]
        self._moving.clear()
        await self._read([each for each in ids if each in torrents], facts=False)

    async def _read(self, ids: Sequence[str], *, facts: bool) -> None:
        """Reads rows, and their facts if requested. If a row has outdated facts, its facts are read next."""
        for start in range(0, len(ids), BATCH):
            batch = ids[start : start + BATCH]
            for each in batch if facts else ():
                self._dirty.pop(each, None)
            try:
                pages = await self._pages(batch, facts=facts)
            except OuzelError:
                self._dirty.update(dict.fromkeys(batch) if facts else {})
                raise
            present = {row.torrent for page in pages for row in page.rows}
            await self._admit(each for each in present if each not in self._mirror.torrents)
            for page in pages:
                self._mirror.refresh(page.rows, page.epoch, page.seq, _now_us())
                self._mirror.learn(page.facts, page.epoch, page.seq)
                for each, revision in page.revisions:
                    torrent = self._mirror.torrents.get(each)
                    if torrent is not None and torrent.facts.revision != revision:
                        self._dirty[each] = None
            first = min(pages, key=lambda page: page.seq)
            self._mirror.refresh([], first.epoch, first.seq, _now_us(), [each for each in batch if each not in present])

    async def _pages(self, ids: Sequence[str], *, facts: bool) -> list[Page]:
        """Reads all pages of these torrents. A page ends early if its rows are long."""
        pages = [await self._client.run(reading.rows(ids, facts=facts), deadline_ms=READ_MS)]
        while (cursor := pages[-1].cursor) is not None:
            pages.append(await self._client.run(reading.rows(ids, cursor, facts=facts), deadline_ms=READ_MS))
        return pages

    async def _poll(self) -> None:
        """Reads the service's state."""
        self._mirror.stats = await self._client.run(calls.stats(), deadline_ms=READ_MS)
        self._polls += 1
        if self._polls % CATEGORIES_TURNS == 1:
            await self.refresh_categories()
            self._mirror.health = await self._client.run(calls.health(), deadline_ms=READ_MS)
            self._mirror.counters = (await self._client.run(calls.get_counters(), deadline_ms=READ_MS)).counters


def _new_in(item: Item) -> Iterable[str]:
    """The torrents of a snapshot, or the added torrent of an event."""
    if isinstance(item, Resnapshot):
        return [row.torrent for row in item.torrents]
    return [item.torrent] if item.type == "torrent_added" and item.torrent is not None else []


def _now_us() -> int:
    return time.time_ns() // 1000
