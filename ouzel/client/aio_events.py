"""The asyncio event stream: two sockets and a feed."""

import asyncio
import contextlib
from collections.abc import Callable
from time import monotonic

import zmq

from ouzel.client.events import DRAIN, RECEIVE_QUEUE
from ouzel.client.presence import Place
from ouzel.client.server import Server
from ouzel.errors import Closed
from ouzel.requests import Requests
from ouzel.stream.event import Event, Resnapshot
from ouzel.stream.feed import Feed, FeedOptions
from protocol.wire.errors import OuzelError


async def knock(place: Place | Server) -> None:
    """Calls `place.check`. If the check may wait for a network, a thread calls it. Raises the same errors."""
    if isinstance(place, Server):
        await asyncio.to_thread(place.check)
    else:
        place.check()


async def gone(place: Place | Server, waited_s: float) -> OuzelError:
    """Calls `place.gone`. If the call may wait for a network, a thread makes the call."""
    return await asyncio.to_thread(place.gone, waited_s) if isinstance(place, Server) else place.gone(waited_s)


class AsyncEvents:
    """An asynchronous iterator over `Event` and `Resnapshot`, like `ouzel.Events`, for one task at a time.

    `async with` (or `start`) subscribes. All later events are yielded.

    Raises:
        NotRunning: no daemon answers, or it was silent for `silence_s`.
        OuzelError: the daemon refuses a request that the stream needs, or uses an unknown protocol version.
    """

    def __init__(
        self,
        context: "zmq.Context[zmq.Socket[bytes]]",
        place: Place | Server,
        requests: Requests,
        options: FeedOptions,
        check_open: Callable[[], None],
    ) -> None:
        self._check_open = check_open
        self._ended = False
        self._woken: asyncio.Future[None] | None = None
        self._context = context
        self._place = place
        self._silence_s = options.silence_s
        self._requests = requests
        self._options = options
        self._feed: Feed | None = None
        self._sockets: list[zmq.Socket[bytes]] = []

    async def __aenter__(self) -> "AsyncEvents":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_sockets"):
            self.close()  # so that a `break` in `async for` leaves no socket open

    def close(self) -> None:
        """Closes the sockets, and ends the iterator. A task that is waiting for an item stops waiting."""
        self._ended = True
        if self._woken is not None and not self._woken.done():
            with contextlib.suppress(RuntimeError):  # The loop has ended, so nobody waits.
                self._woken.set_result(None)
        for each in self._sockets:
            each.close(linger=0)

    async def start(self) -> None:
        """Subscribes, and determines the first event. Does nothing if the stream was started before."""
        if self._feed is not None or self._ended:
            return
        self._check_open()
        await knock(self._place)
        self._check_open()
        self._feed = feed = Feed(self._requests, self._options, monotonic())
        sub, dealer = self._context.socket(zmq.SUB), self._context.socket(zmq.DEALER)
        self._sockets = [dealer, sub]
        try:
            for receiver, endpoint in ((sub, self._place.events), (dealer, self._place.commands)):
                receiver.linger = 0
                receiver.rcvhwm = RECEIVE_QUEUE
                self._place.join(receiver, endpoint)
            for topic in feed.topics:
                sub.subscribe(topic)
            while not feed.started and not self._ended:
                await self._turn(feed)
        except BaseException:
            self.close()
            raise

    @property
    def quiet_s(self) -> float:
        """The seconds since the daemon's last message. The daemon sends a tick every second."""
        return 0.0 if self._feed is None else self._feed.quiet_s(monotonic())

    async def follow(self, torrent: str) -> None:
        """From now on yields only this torrent's events and progress, and events about no torrent. Raises Closed."""
        await self.start()
        if self._feed is None or self._ended:
            raise Closed
        self._sockets[1].subscribe(self._feed.follow(torrent))

    def __aiter__(self) -> "AsyncEvents":
        return self

    async def __anext__(self) -> Event | Resnapshot:
        await self.start()
        while self._feed is not None and not self._ended:
            if self._feed.items:
                return self._feed.items.popleft()
            await self._turn(self._feed)
        raise StopAsyncIteration

    def received(self) -> list[Event | Resnapshot]:
        """Takes the items that were received already, without waiting. The iterator does not yield them any more."""
        if self._feed is None or self._ended:
            return []
        items = list(self._feed.items)
        self._feed.items.clear()
        return items

    async def _turn(self, feed: Feed) -> None:
        """Sends due requests, waits for messages or a timer, and passes received messages to the feed."""
        dealer, sub = self._sockets
        while feed.outgoing:
            dealer.send(feed.outgoing.popleft())
        await self._readable(feed.wait_s(monotonic()))
        if self._ended:
            return
        for receiver, hand_over in ((dealer, feed.receive_reply), (sub, feed.receive)):
            if receiver.closed:
                return
            with contextlib.suppress(zmq.Again):
                for _ in range(DRAIN):
                    hand_over(receiver.recv_multipart(zmq.NOBLOCK), monotonic())
        feed.advance(monotonic())
        if feed.silent(monotonic()):
            raise await gone(self._place, self._silence_s)

    async def _readable(self, timeout_s: float) -> None:
        """Waits until a socket has messages, ZeroMQ signals a descriptor, `close` is called, or the time is over."""
        if any(each.poll(0) for each in self._sockets):
            await asyncio.sleep(0)  # a busy stream must yield to other tasks
            return
        loop = asyncio.get_running_loop()
        self._woken = woken = loop.create_future()

        def wake() -> None:
            if not woken.done():
                woken.set_result(None)

        fds = [each.fileno() for each in self._sockets]
        for fd in fds:
            loop.add_reader(fd, wake)
        try:
            await asyncio.wait([woken], timeout=timeout_s)
        finally:
            for fd in fds:
                loop.remove_reader(fd)
