"""The blocking client: plain ZeroMQ sockets, without threads."""

import os
import secrets
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from math import ceil, inf
from time import monotonic
from typing import Any, Final, ParamSpec, TypeVar
from weakref import WeakSet

import zmq

from ouzel.client import calls
from ouzel.client.by_name import by_name
from ouzel.client.call import Call
from ouzel.client.events import Events
from ouzel.client.gate import Gate
from ouzel.client.methods import Methods
from ouzel.client.presence import place_of
from ouzel.client.server import Server
from ouzel.errors import KeyRefused, NotRunning, Refused, RequestTimeout, WaitTimeout
from ouzel.requests import Requests, result_of
from ouzel.stream.feed import GRACE_S, FeedOptions
from ouzel.stream.waiting import Waiting
from protocol.wire.envelope import Reply, Wait
from protocol.wire.errors import OuzelError
from protocol.wire.rows import TorrentRow

P = ParamSpec("P")
T = TypeVar("T")

WINDOW: Final = 200
"""The maximum number of outstanding requests. The daemon allows 512 per connection."""


class Client(Methods):
    """Sends commands to one daemon. A context manager. Threads that share a client wait for one another.

    Before the first request, and after an unanswered request, the client checks whether a daemon listens.

    Args:
        runtime_dir: the directory of the daemon's sockets. The default is OUZEL_PATHS_RUNTIME_DIR. If this variable is
            not set, the default is the user's runtime directory.
        client: a name by which the daemon recognizes this client after a reconnection. Without a name, each connection
            counts as another client.
        server: a daemon on tcp, in place of a local daemon. The default is the daemon that OUZEL_SERVER names, if it is
            set.
        timeout_s: the default time limit of a request in seconds.

    Raises:
        ValueError: the runtime directory's path is too long for a local socket, or OUZEL_SERVER is invalid.
    """

    def __init__(
        self,
        runtime_dir: str | os.PathLike[str] | None = None,
        client: str | None = None,
        *,
        server: Server | None = None,
        timeout_s: float = 10.0,
    ) -> None:
        self.place = place_of(runtime_dir, server)
        self._client = client
        self._timeout_s = timeout_s
        self._requests = self._new_requests()
        self._context = zmq.Context(io_threads=1)
        self._dealer: zmq.Socket[bytes] | None = None
        self._gate = Gate()
        self._streams: WeakSet[Events] = WeakSet()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes all sockets, also those of open streams. Unsent requests are dropped.

        Any thread may call this method, and more than once. The client's streams end. Threads that are waiting for the
        daemon, and later uses of the client, raise `Closed`.
        """
        self._gate.close(self._end)

    def _end(self) -> None:
        for stream in list(self._streams):
            stream.close()
        self._context.destroy(linger=0)

    def request(
        self, op: str, args: dict[str, Any] | None = None, *, wait: Wait = "durable", deadline_ms: int | None = None
    ) -> dict[str, Any]:
        """Sends any command by its op. Returns the result as decoded from the reply.

        Raises:
            Refused: the daemon refused the command.
            RequestTimeout: the daemon did not answer within the deadline and a grace period.
            NotRunning: no daemon answers.
            Closed: this client was closed.
        """
        return self.run(Call(op, args or {}, result_of, wait), deadline_ms=deadline_ms)

    def run(self, call: Call[T], *, deadline_ms: int | None = None) -> T:
        """Sends a call that was made by `ouzel.client.calls`. Raises the same errors as `request`."""
        [outcome] = self.run_many([call], deadline_ms=deadline_ms)
        if isinstance(outcome, OuzelError):
            raise outcome
        return outcome

    def request_many(
        self, requests: Sequence[tuple[str, dict[str, Any]]], *, wait: Wait = "durable", deadline_ms: int | None = None
    ) -> list[dict[str, Any] | OuzelError]:
        """Sends commands by op and arguments, without waiting for each reply. Returns the results or errors, in order.

        Raises:
            NotRunning: no daemon answers. Some of the commands may have taken effect.
        """
        return self.run_many([Call(op, args, result_of, wait) for op, args in requests], deadline_ms=deadline_ms)

    def run_many(self, batch: Sequence[Call[T]], *, deadline_ms: int | None = None) -> list[T | OuzelError]:
        """Sends calls that were made by `ouzel.client.calls`. Otherwise like `request_many`."""
        deadline_ms = max(1, int(self._timeout_s * 1000)) if deadline_ms is None else deadline_ms
        if any(call.before for call in batch):
            return [self._run_after(call, deadline_ms) for call in batch]
        with self._gate.inside():
            dealer = self._dealer or self._connect()
            replies = self._replies(dealer, batch, deadline_ms, grace_s=GRACE_S)
        return [_read(call, reply, deadline_ms) for call, reply in zip(batch, replies, strict=True)]

    def _run_after(self, call: Call[T], deadline_ms: int) -> T | OuzelError:
        """Sends a call after the calls that have to succeed first. Raises NotRunning."""
        for each in call.before:
            [outcome] = self.run_many([each], deadline_ms=deadline_ms)
            if isinstance(outcome, OuzelError):
                return outcome
        return self.run_many([replace(call, before=())], deadline_ms=deadline_ms)[0]

    @by_name
    def wait(self, torrent: str, *, timeout_s: float | None = None) -> TorrentRow:
        """Waits until a torrent is complete, even if the engine dies. Returns the torrent's row.

        If the torrent is complete already, returns at once. Continues to wait during problems from which Ouzel recovers
        by itself, such as a full disk or a lost engine. Other problems end the wait. Also waits for a paused torrent.

        Args:
            torrent: the torrent's id.
            timeout_s: the time limit in seconds; None for none.

        Raises:
            DownloadFailed: the torrent has an error, is in quarantine, was removed, or has no file selected.
            WaitTimeout: after `timeout_s` the torrent was still incomplete, and had not failed.
            Refused: no torrent has this id.
            NotRunning: the daemon does not answer any more.
            Closed: this client was closed.
        """
        until = None if timeout_s is None else monotonic() + timeout_s
        with self.events(torrent=torrent, progress=True) as events:
            waiting = Waiting(torrent)
            while True:
                if waiting.look_now:
                    row = None
                    if waiting.exists:
                        try:
                            row = self.get_torrent(torrent)
                        except Refused as error:
                            waiting.row_missing(error)
                    if waiting.complete(row):
                        assert row is not None
                        return row
                left_s = inf if until is None else until - monotonic()
                if left_s <= 0:
                    assert timeout_s is not None
                    raise WaitTimeout(torrent, timeout_s)
                item = events.get(left_s)
                self._gate.check()
                if item is not None:
                    waiting.handle(item)

    @by_name
    def events(
        self,
        *,
        progress: bool = False,
        torrent: str | None = None,
        ticks: bool = False,
        snapshot: bool = False,
        silence_s: float = 30.0,
    ) -> Events:
        """A stream of the events from now on, without gaps: an iterator that does not end by itself.

        See `ouzel.Events`.

        Args:
            progress: also yield progress events, at most ten a second for each torrent.
            torrent: only yield events about this torrent, or about no torrent (engine and health).
            ticks: also yield the daemon's ticks, one a second.
            snapshot: begin with a Resnapshot of the present state.
            silence_s: after this number of seconds without a message from the daemon, NotRunning is raised. The daemon
                sends a tick every second. Time hardly counts while this process is stopped, or does not read from the
                stream.

        Raises:
            NotRunning: no daemon answers.
            Closed: this client was closed.
        """
        options = FeedOptions(torrent, progress, ticks, snapshot, self._timeout_s, silence_s)
        with self._gate.inside():
            if self._dealer is None:
                self._connect()
            stream = Events(self._context, self.place, self._new_requests(), options, self._gate)
            self._streams.add(stream)
        return stream

    def _new_requests(self) -> Requests:
        return Requests(session=secrets.token_hex(8), client=self._client)

    def _connect(self) -> "zmq.Socket[bytes]":
        """The connected socket, after a check that a daemon answers."""
        self.place.check()
        dealer = self._context.socket(zmq.DEALER)
        dealer.linger = 0
        self.place.join(dealer, self.place.commands)
        try:
            [reply] = self._replies(dealer, [calls.ping()], int(self.place.patience_s * 1000), grace_s=0)
        except BaseException:
            dealer.close()
            raise
        if reply is None:
            dealer.close()
            raise self.place.gone(self.place.patience_s)
        self._dealer = dealer
        return dealer

    def _replies(
        self,
        dealer: "zmq.Socket[bytes]",
        batch: Sequence[Call[Any]],
        deadline_ms: int,
        *,
        grace_s: float,
    ) -> list[Reply | None]:
        """The replies in the order of the calls. None for a call without a reply in time."""
        replies: list[Reply | None] = [None] * len(batch)
        unsent = deque(enumerate(batch))
        poller = zmq.Poller()
        poller.register(dealer, zmq.POLLIN)
        poller.register(self._gate.fileno(), zmq.POLLIN)
        waiting: dict[str, tuple[int, float]] = {}
        try:
            while unsent or waiting:
                while unsent and len(waiting) < WINDOW:
                    index, call = unsent.popleft()
                    request_id, frame = self._requests.build(
                        call.op, call.args, wait=call.wait, deadline_ms=deadline_ms
                    )
                    dealer.send(frame)
                    waiting[request_id] = (index, monotonic() + deadline_ms / 1000 + grace_s)
                due = next(iter(waiting.values()))[1]
                heard = poller.poll(max(0, ceil((due - monotonic()) * 1000)))
                self._gate.check()
                if heard:
                    reply = self._requests.match(dealer.recv_multipart()[-1])
                    if reply is not None:
                        replies[waiting.pop(str(reply.id))[0]] = reply
                elif monotonic() >= due:
                    self._give_up(waiting)
        finally:
            for request_id in waiting:
                self._requests.abandon(request_id)
        return replies

    def _give_up(self, waiting: dict[str, tuple[int, float]]) -> None:
        """Gives up the oldest request. If no daemon listens any more, drops the socket with all queued requests."""
        oldest = next(iter(waiting))
        try:
            self.place.check()
        except (KeyRefused, NotRunning):
            if self._dealer is not None:
                self._dealer.close()
                self._dealer = None
            raise
        self._requests.abandon(oldest)
        del waiting[oldest]


def _read(call: Call[T], reply: Reply | None, deadline_ms: int) -> T | OuzelError:
    if reply is None:
        return RequestTimeout(call.op, deadline_ms / 1000 + GRACE_S)
    try:
        return call.read(reply)
    except OuzelError as error:
        return error
