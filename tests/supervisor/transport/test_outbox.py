"""The outbox on a real ROUTER, with clients that read late, never, or disconnect."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
import zmq
import zmq.asyncio

from protocol.wire.endpoints import COMMANDS_SOCKET, ipc_endpoint
from supervisor.transport import outbox
from supervisor.transport.loop_socket import LoopSocket
from supervisor.transport.outbox import QUEUE_MAX, WAITING_MAX, Outbox
from supervisor.transport.sockets import bind


async def turn() -> None:
    """Runs one iteration of the loop."""
    await asyncio.sleep(0.001)


class Desk:
    """An outbox and its clients."""

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", directory: Path) -> None:
        self._context = context
        self._directory = directory
        self._sockets: list[zmq.Socket[bytes]] = []
        self.came: list[bytes] = []
        self.logged: list[Any] = []
        log = structlog.wrap_logger(
            structlog.PrintLogger(),
            processors=[self._note],
            wrapper_class=structlog.make_filtering_bound_logger(0),
        )
        router = bind(context, zmq.ROUTER, directory, COMMANDS_SOCKET)
        self.outbox = Outbox(LoopSocket(router, lambda frames: self.came.append(frames[0])), log)

    async def client(self, *, ahead: int = QUEUE_MAX) -> "tuple[bytes, zmq.Socket[bytes]]":
        """A new client, and its identity in the outbox. `ahead`: replies that its ZeroMQ reads ahead."""
        socket = self._context.socket(zmq.DEALER)
        socket.setsockopt(zmq.RCVHWM, ahead)
        socket.setsockopt(zmq.LINGER, 0)
        socket.connect(ipc_endpoint(self._directory, COMMANDS_SOCKET))
        self._sockets.append(socket)
        socket.send(b"here")
        count = len(self.came)
        async with asyncio.timeout(20):
            while len(self.came) == count:
                await turn()
        return self.came[-1], socket

    def _note(self, *args: Any) -> Any:
        self.logged.append(args[2])
        raise structlog.DropEvent


@contextmanager
def desk(directory: Path) -> Iterator[Desk]:
    """A desk whose sockets are closed at the end of the test."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    made = Desk(context, directory)
    yield made
    made.outbox.close(linger_ms=0)
    context.destroy(linger=0)


async def received(socket: "zmq.Socket[bytes]", count: int) -> list[bytes]:
    """Receives this many replies while the loop runs."""
    found: list[bytes] = []
    async with asyncio.timeout(30):
        while len(found) < count:
            while len(found) < count and socket.poll(0):
                found.append(socket.recv())
            await asyncio.sleep(0.001)
    return found


async def test_what_a_queue_does_not_take_waits_and_comes_in_order(tmp_path: Path) -> None:
    """Many times more replies than the queue holds reach a client that reads late."""
    with desk(tmp_path) as on:
        peer, socket = await on.client()
        many = 10 * QUEUE_MAX
        for number in range(many):
            on.outbox.send([peer, b"%d" % number])
        assert on.outbox.is_backpressured(peer)
        assert await received(socket, many) == [b"%d" % number for number in range(many)]
        on.outbox.send([peer, b"next"])
        assert await received(socket, 1) == [b"next"]
        assert not on.outbox.is_backpressured(peer)
        assert on.logged == []


async def test_who_never_reads_loses_replies_and_nobody_else_does(tmp_path: Path) -> None:
    """The waiting replies are bounded; the log reports it once."""
    with desk(tmp_path) as on:
        (deaf, _), (other, socket) = await on.client(), await on.client()
        for number in range(50_000):
            on.outbox.send([deaf, bytes(1000)])
            if number % 1000 == 0:
                on.outbox.send([other, b"%d" % number])
        assert on.outbox._waiting_bytes <= WAITING_MAX
        assert await received(socket, 50) == [b"%d" % number for number in range(0, 50_000, 1000)]
        assert [line["event"] for line in on.logged] == ["client_does_not_read"]


async def test_when_too_much_waits_for_all_the_one_with_the_most_loses_it(tmp_path: Path, monkeypatch: Any) -> None:
    """A client with few waiting replies keeps them."""
    monkeypatch.setattr(outbox, "WAITING_TOTAL_MAX", 2_000_000)
    with desk(tmp_path) as on:
        (deaf, _), (slow, socket) = await on.client(), await on.client()
        sent = 3 * QUEUE_MAX
        for number in range(sent):
            on.outbox.send([slow, b"%d" % number])
        for _ in range(5000):
            on.outbox.send([deaf, bytes(1000)])
        assert on.outbox._waiting_bytes <= 2_000_000
        assert await received(socket, sent) == [b"%d" % number for number in range(sent)]


async def test_large_replies_are_few_at_a_time(tmp_path: Path) -> None:
    """A connection that has not read its large replies gets no more until it has; their memory is released."""
    with desk(tmp_path) as on:
        peer, socket = await on.client()
        page = bytes(1_000_000)
        sent = 0
        while not on.outbox.is_backpressured(peer):
            on.outbox.send([peer, page])
            sent += 1
            await asyncio.sleep(0.001)
            assert sent < 3000
        assert await received(socket, sent) == [page] * sent
        async with asyncio.timeout(10):
            while on.outbox.is_backpressured(peer):
                await turn()
        assert on.outbox._large_bytes <= 2_000_000


async def test_large_replies_that_nobody_spaces_are_bounded_too(tmp_path: Path) -> None:
    """Short reads may have large results: unread ones wait, bounded and in order."""
    with desk(tmp_path) as on:
        peer, socket = await on.client(ahead=1)
        for number in range(100):
            on.outbox.send([peer, b"%03d" % number + bytes(600_000)])
        assert on.outbox._large_bytes <= outbox.LARGE_UNSENT_MAX + 700_000
        assert on.outbox._waiting_bytes <= WAITING_MAX
        assert [line["event"] for line in on.logged] == ["client_does_not_read"]
        assert [reply[:3] for reply in await received(socket, 10)] == [b"%03d" % number for number in range(10)]


async def test_all_connections_together_have_few_large_replies(tmp_path: Path, monkeypatch: Any) -> None:
    """Beyond the bound each has at most one; a connection that has read all its replies has that one at once."""
    monkeypatch.setattr(outbox, "LARGE_TOTAL_MAX", 3_000_000)
    with desk(tmp_path) as on:
        page = bytes(1_000_000)
        deaf = [await on.client(ahead=1) for _ in range(10)]
        while free := [peer for peer, _ in deaf if not on.outbox.is_backpressured(peer)]:
            on.outbox.send([free[0], page])
            await turn()
        # replies in the clients' ZeroMQ and in the kernel were sent
        assert on.outbox._large_bytes <= 3_000_000 + len(deaf) * len(page)
        assert all(len(unsent) <= 3 for unsent in on.outbox._large.values())
        assert sum(len(unsent) > 1 for unsent in on.outbox._large.values()) <= 2
        reads, socket = await on.client()
        assert not on.outbox.is_backpressured(reads)
        on.outbox.send([reads, page])
        assert await received(socket, 1) == [page]


async def test_a_client_that_left_is_forgotten(tmp_path: Path) -> None:
    """So are its waiting replies."""
    with desk(tmp_path) as on:
        peer, socket = await on.client()
        for _ in range(20 * QUEUE_MAX):
            on.outbox.send([peer, bytes(100)])
        assert on.outbox._waiting
        socket.close()
        async with asyncio.timeout(20):
            while on.outbox._waiting:
                await turn()
        assert on.outbox._waiting_bytes == 0
