"""The asyncio client: plain ZeroMQ sockets with the event loop's `add_reader`. The client creates no tasks.

A ZeroMQ socket's FD is edge-triggered. The FD signals only that something has happened, and messages may still be
queued. So each wake-up reads until the socket is empty. After each send, the socket is checked again.
"""

import asyncio
import contextlib
import os
import secrets
from collections.abc import Sequence
from time import monotonic
from typing import Any, ParamSpec, TypeVar
from weakref import WeakSet

import zmq

from ouzel.client import calls
from ouzel.client.aio_events import AsyncEvents, gone, knock
from ouzel.client.blocking import WINDOW
from ouzel.client.by_name import by_name
from ouzel.client.call import Call
from ouzel.client.methods import AsyncMethods
from ouzel.client.presence import place_of
from ouzel.client.server import Server
from ouzel.errors import Closed, KeyRefused, NotRunning, Refused, RequestTimeout, WaitTimeout
from ouzel.requests import Requests, result_of
from ouzel.stream.feed import GRACE_S, FeedOptions
from ouzel.stream.waiting import Waiting
from protocol.wire.envelope import Reply, Wait
from protocol.wire.errors import OuzelError
from protocol.wire.rows import TorrentRow

P = ParamSpec("P")
T = TypeVar("T")


class AsyncClient(AsyncMethods):
    """The asyncio client. Its methods are those of `ouzel.Client` as coroutines.

    Any number of tasks of one event loop may use a client at the same time.

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
        self._connecting = asyncio.Lock()
        self._waiting: dict[str, asyncio.Future[Reply]] = {}
        self._window = asyncio.Semaphore(WINDOW)
        self._closed = False
        self._streams: WeakSet[AsyncEvents] = WeakSet()

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes all sockets, also those of open streams. Unsent requests are dropped.

        A second call does nothing. The client's streams end. Tasks that are waiting for the daemon, and later uses of
        the client, raise `Closed`. Call `close` on the event loop, or after the loop has ended.
        """
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(RuntimeError):  # The loop has ended, so nobody waits.
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(Closed())
        for stream in list(self._streams):
            stream.close()
        self._disconnect()
        self._context.destroy(linger=0)

    def _check_open(self) -> None:
        if self._closed:
            raise Closed

    async def request(
        self, op: str, args: dict[str, Any] | None = None, *, wait: Wait = "durable", deadline_ms: int | None = None
    ) -> dict[str, Any]:
        """Sends any command by its op. Returns the result as decoded from the reply.

        Raises:
            Refused: the daemon refused the command.
            RequestTimeout: the daemon did not answer within the deadline and a grace period.
            NotRunning: no daemon answers.
            Closed: this client was closed.
        """
        return await self.run(Call(op, args or {}, result_of, wait), deadline_ms=deadline_ms)

    async def run(self, call: Call[T], *, deadline_ms: int | None = None) -> T:
        """Sends a call that was made by `ouzel.client.calls`. Raises the same errors as `request`."""
        for each in call.before:
            await self.run(each, deadline_ms=deadline_ms)
        async with self._window:
            if self._dealer is None:
                await self._connect()
            deadline_ms = max(1, int(self._timeout_s * 1000)) if deadline_ms is None else deadline_ms
            reply = await self._reply(call, deadline_ms, grace_s=GRACE_S)
        if reply is None:
            await self._check()
            raise RequestTimeout(call.op, deadline_ms / 1000 + GRACE_S)
        return call.read(reply)

    async def request_many(
        self, requests: Sequence[tuple[str, dict[str, Any]]], *, wait: Wait = "durable", deadline_ms: int | None = None
    ) -> list[dict[str, Any] | OuzelError]:
        """Sends commands by op and arguments, without waiting for each reply. Returns the results or errors, in order.

        Raises:
            NotRunning: no daemon answers. Some of the commands may have taken effect.
        """
        return await self.run_many([Call(op, args, result_of, wait) for op, args in requests], deadline_ms=deadline_ms)

    async def run_many(self, batch: Sequence[Call[T]], *, deadline_ms: int | None = None) -> list[T | OuzelError]:
        """Sends calls that were made by `ouzel.client.calls`. Otherwise like `request_many`."""

        async def outcome(call: Call[T]) -> T | OuzelError:
            try:
                return await self.run(call, deadline_ms=deadline_ms)
            except OuzelError as error:
                return error

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(outcome(call)) for call in batch]
        outcomes = [task.result() for task in tasks]
        for each in outcomes:
            if isinstance(each, NotRunning):
                raise each
        return outcomes

    @by_name
    async def wait(self, torrent: str, *, timeout_s: float | None = None) -> TorrentRow:
        """Waits until a torrent is complete. Arguments, result and errors are those of `Client.wait`."""
        limit = asyncio.timeout(timeout_s)
        try:
            async with limit:
                return await self._wait(torrent)
        except TimeoutError:
            if timeout_s is None or not limit.expired():
                raise
            raise WaitTimeout(torrent, timeout_s) from None

    async def _wait(self, torrent: str) -> TorrentRow:
        async with self.events(torrent=torrent, progress=True) as events:
            waiting = Waiting(torrent)
            while True:
                if waiting.look_now:
                    row = None
                    if waiting.exists:
                        try:
                            row = await self.get_torrent(torrent)
                        except Refused as error:
                            waiting.row_missing(error)
                    if waiting.complete(row):
                        assert row is not None
                        return row
                item = await anext(events, None)
                if item is None:
                    raise Closed
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
    ) -> AsyncEvents:
        """A stream of the events from now on, without gaps.

        `async with` starts the stream. Without it, the first `async for` starts the stream.

        The arguments are those of `Client.events`. Starting the stream may raise NotRunning.
        """
        self._check_open()
        options = FeedOptions(torrent, progress, ticks, snapshot, self._timeout_s, silence_s)
        stream = AsyncEvents(self._context, self.place, self._new_requests(), options, self._check_open)
        self._streams.add(stream)
        return stream

    def _new_requests(self) -> Requests:
        return Requests(session=secrets.token_hex(8), client=self._client)

    async def _connect(self) -> None:
        """Connects the socket once a daemon answers. Tasks that need the socket at the same time share one attempt."""
        async with self._connecting:
            if self._dealer is not None:
                return
            self._check_open()
            await knock(self.place)
            self._check_open()
            self._dealer = self._context.socket(zmq.DEALER)
            self._dealer.linger = 0
            self.place.join(self._dealer, self.place.commands)
            asyncio.get_running_loop().add_reader(self._dealer.fileno(), self._read)
            reply = await self._reply(calls.ping(), int(self.place.patience_s * 1000), grace_s=0)
            if reply is None:
                self._disconnect()
                raise await gone(self.place, self.place.patience_s)

    def _disconnect(self) -> None:
        if self._dealer is None:
            return
        with contextlib.suppress(RuntimeError):  # The loop has ended: there is no reader to remove.
            asyncio.get_running_loop().remove_reader(self._dealer.fileno())
        self._dealer.close(linger=0)
        self._dealer = None

    async def _check(self) -> None:
        """Checks, after an unanswered request, whether a daemon still listens. If not, drops queued requests."""
        try:
            await knock(self.place)
        except (KeyRefused, NotRunning):
            self._disconnect()
            raise

    async def _reply(self, call: Call[Any], deadline_ms: int, *, grace_s: float) -> Reply | None:
        """The reply to a call. None if no reply arrived in time."""
        request_id, frame = self._requests.build(call.op, call.args, wait=call.wait, deadline_ms=deadline_ms)
        due = monotonic() + deadline_ms / 1000 + grace_s
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = reply
        try:
            self._check_open()
            assert self._dealer is not None
            self._dealer.send(frame, zmq.NOBLOCK)
            self._read()
            async with asyncio.timeout(due - monotonic()):
                return await reply
        except TimeoutError:
            return None
        finally:
            self._requests.abandon(request_id)
            del self._waiting[request_id]

    def _read(self) -> None:
        """Passes all replies that have arrived to the waiting tasks."""
        if self._dealer is None:
            return
        with contextlib.suppress(zmq.Again):
            while True:
                reply = self._requests.match(self._dealer.recv_multipart(zmq.NOBLOCK)[-1])
                waiting = None if reply is None else self._waiting.get(str(reply.id))
                if reply is not None and waiting is not None and not waiting.done():
                    waiting.set_result(reply)
