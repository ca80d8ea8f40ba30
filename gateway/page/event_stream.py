"""Sends server-sent events to browsers: first the whole state, then its changes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from gateway.page.publication import INTERVAL_S, Publication
from gateway.web import answers

MAX_STREAMS: Final = 32
BEAT_S: Final = 5.0
"""After this time without another event, the stream sends the event `beat`."""
STREAM_S: Final = 600.0
"""The duration of a stream. Then the browser opens another stream, and its session is checked again."""
RETRY_MS: Final = 1000
"""The time after which a browser opens a lost stream again."""
BEAT: Final = b"event: beat\ndata: {}\n\n"


class EventStreams:
    """The open streams.

    Args:
        publication: the notices to send.
        clock: returns monotonic seconds.
        sleep: waits for some seconds.
    """

    def __init__(
        self,
        publication: Publication,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._publication = publication
        self._clock = clock
        self._sleep = sleep
        self._open = 0

    async def open(self, request: Request) -> Response:
        """Opens a stream. If possible, the stream continues after the event in `Last-Event-ID` or `after`."""
        if self._open >= MAX_STREAMS:
            return answers.text("too many event streams are open\n", 503, {"Retry-After": "10"})
        last_id = request.headers.get("last-event-id") or request.query_params.get("after", "")
        return _Counted(self, self._events(last_id))

    def count(self, change: int) -> None:
        """Changes the number of open streams."""
        self._open += change

    async def _events(self, last_id: str) -> AsyncIterator[bytes]:
        """Returns the events of one stream.

        A slow browser may need a notice that the publication has dropped. Then its stream ends. The next stream of this
        browser begins with the whole state.
        """
        publication, ends_at = self._publication, self._clock() + STREAM_S
        publication.advance(self._clock())
        generation, number = publication.generation, _number(last_id, publication)
        yield b"retry: %d\n\n" % RETRY_MS
        if number is None:
            for kind, data in publication.service():
                yield _event(kind, data)
            while not publication.ready:
                yield BEAT
                await self._sleep(INTERVAL_S)
                publication.advance(self._clock())
            generation, number = publication.generation, publication.latest
            for kind, data in publication.service():
                yield _event(kind, data)
            parts = publication.snapshot()
            for data in parts:
                yield _event("snapshot", data)
            yield _event("ready", b"{}", f"{generation}-{number}")
        sent_at = self._clock()
        while (now := self._clock()) < ends_at:
            publication.advance(now)
            notices = publication.since(number)
            if notices is None or publication.generation != generation:
                return
            for notice in notices:
                yield _event(notice.kind, notice.data, f"{generation}-{notice.number}")
                number, sent_at = notice.number, now
            if now - sent_at >= BEAT_S:
                yield BEAT
                sent_at = now
            await self._sleep(INTERVAL_S / 2)


class _Counted(StreamingResponse):
    """A response that counts as an open stream while it is being sent."""

    def __init__(self, streams: EventStreams, events: AsyncIterator[bytes]) -> None:
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        super().__init__(events, 200, headers, "text/event-stream")
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the response."""
        self._streams.count(1)
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._streams.count(-1)


def _event(kind: str, data: bytes, identity: str | None = None) -> bytes:
    head = f"event: {kind}\n" if identity is None else f"event: {kind}\nid: {identity}\n"
    return head.encode() + b"data: " + data + b"\n\n"


def _number(last_id: str, publication: Publication) -> int | None:
    """The number of the notice after which a stream continues. None if the stream begins with the whole state."""
    generation, _, number = last_id.partition("-")
    if generation != publication.generation or not number.isdecimal() or len(number) > 18 or not publication.ready:
        return None
    return int(number) if publication.since(int(number)) is not None else None
