"""Event streams: the whole state first, then changes, and a continuation after a loss."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request

from gateway.mirror.mirror import Mirror
from gateway.page import event_stream
from gateway.page.event_stream import MAX_STREAMS, STREAM_S, EventStreams
from gateway.page.publication import INTERVAL_S, LINGER_S, Publication
from tests.gateway.page.rig import show
from tests.ouzel import samples

OTHER = "bb" * 20


class Clock:
    """Time that passes only in sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, time_s: float) -> None:
        self.now += time_s
        await asyncio.sleep(0)


class Stream:
    """The events of one stream."""

    def __init__(self, streams: EventStreams, last_id: str = "") -> None:
        headers = [(b"last-event-id", last_id.encode())]
        request = Request({"type": "http", "headers": headers, "query_string": b""})
        response: Any = asyncio.run(streams.open(request))
        self.status: int = response.status_code
        self._events: AsyncIterator[bytes] = response.body_iterator

    async def next(self) -> tuple[str, Any, str]:
        """The next event but beats: its kind, data and id."""
        while True:
            lines = (await anext(self._events)).decode().strip().split("\n")
            fields = dict(line.split(": ", 1) for line in lines)
            if fields.get("event", "beat") != "beat":
                return fields["event"], json.loads(fields["data"]), fields.get("id", "")

    async def until(self, kind: str) -> tuple[Any, str]:
        while True:
            found, data, identity = await self.next()
            if found == kind:
                return data, identity


def rig() -> tuple[Mirror, Clock, EventStreams]:
    """Streams of a mirror that knows nothing yet."""
    mirror, clock = Mirror(), Clock()
    return mirror, clock, EventStreams(Publication(mirror, "t"), clock, clock.sleep)


def test_a_stream_begins_with_the_whole_state() -> None:
    """A stream begins with the whole state."""
    mirror, _, streams = rig()
    show(mirror, samples.row())
    stream = Stream(streams)

    async def kinds() -> list[str]:
        return [(await stream.next())[0] for _ in range(10)]

    assert asyncio.run(kinds())[-2:] == ["snapshot", "ready"]


def test_a_stream_waits_until_the_torrents_are_known() -> None:
    """A stream waits until the torrents are known."""
    mirror, clock, streams = rig()
    stream = Stream(streams)

    async def wait() -> Any:
        health, _ = await stream.until("health")
        assert not health["ready"]
        waiting = asyncio.ensure_future(stream.until("snapshot"))
        while clock.now < 3.0:  # noqa: ASYNC110  # it only gives way
            await asyncio.sleep(0)
        show(mirror, samples.row())
        return (await waiting)[0]

    assert [each["torrent"] for each in asyncio.run(wait())["torrents"]] == [samples.ID]


def test_a_lost_stream_continues_after_the_last_event() -> None:
    """A lost stream continues after the last event."""
    mirror, clock, streams = rig()
    show(mirror, samples.row())

    stream = Stream(streams)
    _, identity = asyncio.run(stream.until("ready"))
    show(mirror, samples.row(), samples.row(OTHER))
    clock.now += INTERVAL_S
    kind, data, _ = asyncio.run(Stream(streams, identity).next())
    assert kind == "delta"
    assert [each["torrent"] for each in data["changed"]] == [OTHER]


def test_a_stream_begins_anew_after_an_id_that_is_not_known() -> None:
    """A stream begins anew after an id that is not known."""
    mirror, clock, streams = rig()
    show(mirror, samples.row())
    _, identity = asyncio.run(Stream(streams).until("ready"))
    for bad in ("", "x", "t.1-999", "t.9-0", "t.1--1", "t.1-" + "9" * 50, "t.1-²"):
        asyncio.run(Stream(streams, bad).until("snapshot"))
    clock.now += LINGER_S + 1
    asyncio.run(Stream(streams, identity).until("snapshot"))


def test_a_stream_ends_after_a_time() -> None:
    """A stream ends after a time."""
    mirror, clock, streams = rig()
    show(mirror)
    stream = Stream(streams)

    async def read() -> int:
        return len([each async for each in stream._events])

    assert asyncio.run(read()) >= STREAM_S / event_stream.BEAT_S
    assert clock.now >= STREAM_S


def test_a_slow_reader_is_disconnected(monkeypatch: Any) -> None:
    """A slow reader is disconnected."""
    mirror, _, streams = rig()
    monkeypatch.setattr("gateway.page.publication.KEPT_BYTES", 200)
    show(mirror, samples.row())
    slow, quick = Stream(streams), Stream(streams)

    async def run() -> None:
        await slow.until("ready")
        await quick.until("ready")
        for step in range(10):
            show(mirror, samples.row(name="x" * 100 + str(step)))
            await quick.until("delta")
        assert [each async for each in slow._events] == []

    asyncio.run(run())


def test_streams_are_limited() -> None:
    """Streams are limited."""
    _, _, streams = rig()
    streams.count(MAX_STREAMS)
    request = Request({"type": "http", "headers": [], "query_string": b""})
    assert asyncio.run(streams.open(request)).status_code == 503
    streams.count(-1)
    assert asyncio.run(streams.open(request)).status_code == 200
