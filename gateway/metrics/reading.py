"""Asks the daemon for the figures of one scrape."""

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeVar

import psutil

from gateway.metrics.adding_up import AddingUp
from gateway.metrics.libtorrent_table import COUNTERS
from gateway.metrics.service_table import Scrape
from gateway.metrics.torrent_table import FIELDS, TORRENTS_MAX, Rows
from ouzel.client import calls
from ouzel.client.aio import AsyncClient
from ouzel.client.call import Call
from ouzel.requests import result_of
from protocol.wire.errors import OuzelError
from protocol.wire.metrics.metrics_report import MetricsReport
from protocol.wire.reports import CountersReport, EngineState, HealthReport, StatsReport

T = TypeVar("T")

DEADLINE_MS: Final = 800
"""The time limit of each request."""
PATIENCE_S: Final = 0.9
"""The time limit of a scrape. A daemon that does not answer by then counts as away."""


class Reading(NamedTuple):
    """The figures of one scrape. A field is None if the daemon did not answer the request for this field.

    Fields:
        cpu: the CPU time of each process in seconds.
        counters: libtorrent's values by name. Counters are sums over all engines.
        raw: libtorrent's values as the engine has them.
        torrents: the rows of single torrents; None if they are not wanted.
    """

    scrape: Scrape
    health: HealthReport | None = None
    stats: StatsReport | None = None
    metrics: MetricsReport | None = None
    cpu: Mapping[str, float] | None = None
    counters: Mapping[str, int] | None = None
    raw: Mapping[str, int] | None = None
    torrents: Rows | None = None


class Reader:
    """Makes readings. Only one reading is made at a time, so that the sums of counters are right.

    Scrapes at the same time share one reading, so the daemon answers once for all of them. If the daemon hangs, no
    scrape waits for another scrape.

    Args:
        applied: returns the number of the last event that the gateway's mirror has applied. None without a mirror.
        per_torrent: whether readings have rows of single torrents.
    """

    def __init__(
        self,
        client: AsyncClient,
        *,
        applied: Callable[[], int | None] = lambda: None,
        per_torrent: bool = False,
    ) -> None:
        self._client = client
        self._applied = applied
        self._per_torrent = per_torrent
        self._counters = AddingUp()
        self._cpu = AddingUp()
        self._reading: asyncio.Future[Reading] | None = None
        self._asking: set[asyncio.Future[Any]] = set()
        self._process = psutil.Process(os.getpid())

    async def read(self) -> Reading:
        """Returns a reading within a second. If a reading is being made, shares this reading."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.ensure_future(self._read())
        return await asyncio.shield(self._reading)  # a cancelled scrape ends no other scrape

    async def _read(self) -> Reading:
        began = time.monotonic()
        asked = (
            self._ask(calls.health()),
            self._ask(calls.stats()),
            self._ask(calls.get_metrics()),
            self._ask(calls.get_counters()),
            self._rows(),
        )
        health, stats, metrics, found, torrents = await asyncio.gather(*asked)
        up = any(each is not None for each in (health, stats, metrics))
        lag = self._lag(metrics)
        scrape = Scrape(up, time.monotonic() - began, self._process.memory_info().rss, lag)
        counters, raw = self._of_engine(health, found)
        return Reading(scrape, health, stats, metrics, self._cpu_of(stats), counters, raw, torrents)

    async def _ask(self, call: Call[T]) -> T | None:
        """Asks the daemon. Returns None if the daemon refuses or does not answer in time.

        If a request takes too long, it continues after the scrape. So the client can find out whether the daemon has
        ended, and can drop requests that were not sent.
        """
        asking = asyncio.ensure_future(self._client.run(call, deadline_ms=DEADLINE_MS))
        self._asking.add(asking)
        asking.add_done_callback(self._ended)
        await asyncio.wait([asking], timeout=PATIENCE_S)
        try:
            return asking.result() if asking.done() else None
        except OuzelError:
            return None

    def _ended(self, asking: asyncio.Future[Any]) -> None:
        self._asking.discard(asking)
        problem = None if asking.cancelled() else asking.exception()
        if problem is not None and not isinstance(problem, OuzelError):
            raise problem

    def _lag(self, metrics: MetricsReport | None) -> int | None:
        applied = self._applied()
        return None if metrics is None or applied is None else max(0, metrics.events.head - applied)

    async def _rows(self) -> Rows | None:
        if not self._per_torrent:
            return None
        args: dict[str, Any] = {"fields": list(FIELDS), "limit": TORRENTS_MAX}
        found = await self._ask(Call("list_torrents", args, result_of))
        return None if found is None else found["torrents"]

    def _of_engine(
        self, health: HealthReport | None, found: CountersReport | None
    ) -> tuple[Mapping[str, int] | None, Mapping[str, int] | None]:
        """Returns libtorrent's values with summed counters, and the values as the daemon reported them.

        While no engine is up, the daemon reports old values, so only the sums are returned.
        """
        if found is None:
            return None, None
        sums = self._counters.add({name: value for name, value in found.counters.items() if name in COUNTERS})
        counters = {name: int(value) for name, value in sums.items()}
        up = health is not None and any(each.state is EngineState.RUNNING for each in health.engines)
        return (found.counters | counters, found.counters) if up else (counters, None)

    def _cpu_of(self, stats: StatsReport | None) -> Mapping[str, float] | None:
        if stats is None:
            return None
        engine = self._cpu.add({"engine": stats.engine.cpu_ms / 1000})
        return {"supervisor": stats.supervisor.cpu_ms / 1000, **engine}
