"""The blocking event stream: two sockets and a feed."""

import contextlib
from math import ceil, inf
from time import monotonic
from typing import Final

import zmq

from ouzel.client.gate import Gate
from ouzel.client.presence import Place
from ouzel.client.server import Server
from ouzel.errors import Closed
from ouzel.requests import Requests
from ouzel.stream.event import Event, Resnapshot
from ouzel.stream.feed import Feed, FeedOptions

RECEIVE_QUEUE: Final = 20_000
"""The number of messages that are queued for a slow reader.

Further messages are lost. The stream detects the loss, and requests a replay.
"""
DRAIN: Final = 1000
"""The maximum number of messages that are read from a socket at one time."""


class Events:
    """An iterator over `Event` and `Resnapshot`, and a context manager, for one thread at a time.

    The iterator subscribes when it is created, and yields all later events. A `Resnapshot` replaces all earlier state.
    It is yielded if the supervisor was restarted, or if too many events were lost.

    Raises:
        NotRunning: the daemon was silent for `silence_s`.
        OuzelError: the daemon refuses a request that the stream needs, or uses an unknown protocol version.
    """

    def __init__(
        self,
        context: "zmq.Context[zmq.Socket[bytes]]",
        place: Place | Server,
        requests: Requests,
        options: FeedOptions,
        client: Gate,
    ) -> None:
        self._sockets: list[zmq.Socket[bytes]] = []
        self._client = client
        self._gate = Gate()
        self._place = place
        self._silence_s = options.silence_s
        self._feed = Feed(requests, options, monotonic())
        self._poller = zmq.Poller()
        self._poller.register(client.fileno(), zmq.POLLIN)
        self._poller.register(self._gate.fileno(), zmq.POLLIN)
        self._sub = self._connect(context.socket(zmq.SUB), place.events)
        self._dealer = self._connect(context.socket(zmq.DEALER), place.commands)
        for topic in self._feed.topics:
            self._sub.subscribe(topic)
        try:
            while not self._feed.started:
                self._turn()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Events":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_gate"):
            self.close()  # so that a `break` in a loop leaves no socket open

    def close(self) -> None:
        """Closes the sockets, and ends the iterator. Any thread may call this method, and more than once."""
        self._gate.close(self._end)

    def _end(self) -> None:
        for each in self._sockets:
            each.close(linger=0)

    def follow(self, torrent: str) -> None:
        """From now on yields only this torrent's events and progress, and events about no torrent. Raises Closed."""
        with self._gate.inside():
            self._sub.subscribe(self._feed.follow(torrent))

    def __iter__(self) -> "Events":
        return self

    def __next__(self) -> Event | Resnapshot:
        item = self.get(inf)
        if item is None:
            raise StopIteration
        return item

    def get(self, timeout_s: float) -> Event | Resnapshot | None:
        """The next item. None if none came within `timeout_s` seconds, or if the stream or its client is closed."""
        until = monotonic() + timeout_s
        try:
            with self._gate.inside():
                while not self._feed.items:
                    left_s = until - monotonic()
                    if left_s <= 0:
                        return None
                    self._turn(left_s)
                return self._feed.items.popleft()
        except Closed:
            return None

    @property
    def quiet_s(self) -> float:
        """The seconds since the daemon's last message. The daemon sends a tick every second.

        The value is up to date after `get` has returned None.
        """
        return self._feed.quiet_s(monotonic())

    def _connect(self, made: "zmq.Socket[bytes]", endpoint: str) -> "zmq.Socket[bytes]":
        self._sockets.append(made)
        made.linger = 0
        made.rcvhwm = RECEIVE_QUEUE
        self._place.join(made, endpoint)
        self._poller.register(made, zmq.POLLIN)
        return made

    def _turn(self, at_most_s: float = inf) -> None:
        """Sends due requests, waits for messages or a timer, and passes received messages to the feed."""
        feed = self._feed
        while feed.outgoing:
            self._dealer.send(feed.outgoing.popleft())
        self._poller.poll(ceil(min(at_most_s, feed.wait_s(monotonic())) * 1000))
        self._client.check()
        self._gate.check()
        for receiver, hand_over in ((self._dealer, feed.receive_reply), (self._sub, feed.receive)):
            with contextlib.suppress(zmq.Again):
                for _ in range(DRAIN):
                    hand_over(receiver.recv_multipart(zmq.NOBLOCK), monotonic())
        feed.advance(monotonic())
        if feed.silent(monotonic()):
            raise self._place.gone(self._silence_s)
