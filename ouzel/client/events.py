"""The blocking stream of events: two sockets that drive a feed."""

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
"""Messages that wait for a slow reader; what does not fit is lost, seen as lost, and fetched again."""
DRAIN: Final = 1000
"""Messages taken from one socket at a turn."""


class Events:
    """An iterator over `Event` and `Resnapshot`; a context manager. For one thread at a time.

    It subscribes when it is made: what happens afterwards is given, and nothing is missed. A `Resnapshot` says that
    what was known before is void and begins anew, because the supervisor restarted or too much was lost.

    Raises:
        NotRunning: the daemon was not heard of for `silence_s`.
        OuzelError: the daemon refuses what a stream needs, or speaks no protocol that this client knows.
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
            self.close()  # A loop that is left by `break` leaves nothing open.

    def close(self) -> None:
        """Closes the sockets; the iterator is at its end. Any thread may do so, more than once."""
        self._gate.close(self._end)

    def _end(self) -> None:
        for each in self._sockets:
            each.close(linger=0)

    def follow(self, torrent: str) -> None:
        """From now on gives this torrent's events and progress only, and what is about no torrent. Raises Closed."""
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
        """The next item, or None: there was none within `timeout_s` seconds, or the stream or its client is closed."""
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
        """Seconds since the daemon, which ticks once a second, was last heard of. Current after `get` gave None."""
        return self._feed.quiet_s(monotonic())

    def _connect(self, made: "zmq.Socket[bytes]", endpoint: str) -> "zmq.Socket[bytes]":
        self._sockets.append(made)
        made.linger = 0
        made.rcvhwm = RECEIVE_QUEUE
        self._place.join(made, endpoint)
        self._poller.register(made, zmq.POLLIN)
        return made

    def _turn(self, at_most_s: float = inf) -> None:
        """Sends what is due, waits for one thing to happen, and hands over all that arrived."""
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
