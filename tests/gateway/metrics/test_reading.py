import asyncio
from typing import Any, cast

import pytest

from gateway.metrics import reading
from gateway.metrics.reading import Reader, Reading
from ouzel.client.aio import AsyncClient
from ouzel.client.call import Call
from ouzel.errors import NotRunning
from protocol.wire.reports import CountersReport, EngineState
from tests.gateway.metrics.readings import PlayedClient, counters, health, stats

SENT = "net.sent_bytes"


def read(on: Reader) -> Reading:
    """A reading."""
    return asyncio.run(on.read())


def reader(client: PlayedClient, **options: Any) -> Reader:
    """A reader of a played daemon."""
    return Reader(cast(AsyncClient, client), **options)


def test_counters_are_added_up_over_engines() -> None:
    """Gauges are those of the present engine. Without an engine, only the sums remain."""
    client = PlayedClient()
    on = reader(client)
    client.answers["get_counters"] = CountersReport(counters=counters(5), age_ms=0)
    read(on)
    client.answers |= {"health": health(EngineState.STARTING, gen=2), "stats": stats(cpu_ms=100)}
    between = read(on)
    assert between.counters is not None
    assert between.counters[SENT] == 5
    assert "dht.dht_nodes" not in between.counters
    client.answers |= {"health": health(gen=2), "get_counters": CountersReport(counters=counters(2), age_ms=0)}
    after = read(on)
    assert after.counters is not None
    assert after.raw is not None
    assert (after.counters[SENT], after.counters["dht.dht_nodes"], after.raw[SENT]) == (7, 2, 2)
    assert after.cpu == {"supervisor": 0.9, "engine": 2.6}


def test_a_daemon_that_is_away_is_not_up() -> None:
    """A part that alone is missing is left out."""
    client = PlayedClient()
    on = reader(client, applied=lambda: 40)
    assert read(on).scrape.event_lag == 1
    del client.answers["get_metrics"]
    found = read(on)
    assert (found.scrape.up, found.metrics, found.scrape.event_lag) == (True, None, None)
    client.answers.clear()
    away = read(on)
    assert (away.scrape.up, away.health, away.stats, away.counters) == (False, None, None, None)


def test_a_daemon_that_does_not_answer_is_waited_for_shortly(monkeypatch: pytest.MonkeyPatch) -> None:
    """The requests go on after the scrape, and their outcomes are of no use."""
    monkeypatch.setattr(reading, "PATIENCE_S", 0.01)

    async def scrape() -> None:
        client, released, all_ended = PlayedClient(), asyncio.Event(), asyncio.Event()
        ended: list[str] = []

        async def run(call: Call[Any], **_: object) -> Any:
            await released.wait()
            ended.append(call.op)
            if len(ended) == 4:
                all_ended.set()
            raise NotRunning("/run/x", "played")

        client.run = run  # type: ignore[method-assign]  # a daemon that hangs
        on = reader(client)
        assert not (await on.read()).scrape.up
        assert ended == []
        released.set()
        await all_ended.wait()

    asyncio.run(scrape())


def test_scrapes_at_the_same_time_share_a_reading() -> None:
    """A flood of scrapes asks the daemon no more than one scrape. One that goes away does not end the others."""

    async def scrape() -> None:
        client, released = PlayedClient(), asyncio.Event()
        asked: list[str] = []
        answer = client.run

        async def run(call: Call[Any], *, deadline_ms: int | None = None) -> Any:
            asked.append(call.op)
            await released.wait()
            return await answer(call, deadline_ms=deadline_ms)

        client.run = run  # type: ignore[method-assign]  # a daemon that takes its time
        on = reader(client)
        gone, *others = [asyncio.ensure_future(on.read()) for _ in range(50)]
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        released.set()
        found = await asyncio.gather(*others)
        assert all(each.scrape.up for each in found)
        assert sorted(asked) == ["get_counters", "get_metrics", "health", "stats"]
        await on.read()
        assert len(asked) == 8

    asyncio.run(scrape())


def test_rows_are_read_only_if_they_are_wanted() -> None:
    """They are bounded."""
    client = PlayedClient()
    assert read(reader(client)).torrents is None
    client.answers["list_torrents"] = {"torrents": [{"torrent": "x"}]}
    assert read(reader(client, per_torrent=True)).torrents == [{"torrent": "x"}]
