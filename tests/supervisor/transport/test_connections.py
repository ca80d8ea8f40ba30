import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import zmq
import zmq.asyncio

from supervisor.transport import connections, sockets
from supervisor.transport.connections import CONNECTIONS_MAX, CONNECTIONS_MIN, TOO_MANY, Connections, limit

MOST = 5


class Watched:
    """A ROUTER socket with few allowed connections, and its rejected peers."""

    def __init__(self, directory: Path) -> None:
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.refused: list[tuple[str, str]] = []
        self.path = directory / "s"
        self.router = sockets.bind(self.context, zmq.ROUTER, directory, "s", watch=self._watch)

    def _watch(self, router: "zmq.Socket[bytes]") -> None:
        self.connections = Connections(router, most=MOST, on_refused=lambda *refused: self.refused.append(refused))

    def plain(self) -> socket.socket:
        """A connection without any data."""
        peer = socket.socket(socket.AF_UNIX)
        peer.setblocking(False)
        peer.connect(str(self.path))
        return peer

    def flood(self, count: int) -> list[socket.socket]:
        """As many connections as given, or as may wait."""
        peers: list[socket.socket] = []
        for _ in range(count):
            peer = socket.socket(socket.AF_UNIX)
            peer.setblocking(False)
            if peer.connect_ex(str(self.path)) != 0:
                peer.close()
                break
            peers.append(peer)
        return peers

    def client(self) -> "zmq.Socket[bytes]":
        """A client that speaks ZeroMQ."""
        dealer = self.context.socket(zmq.DEALER)
        dealer.connect(f"ipc://{self.path}")
        return dealer


@asynccontextmanager
async def watching(directory: Path) -> AsyncIterator[Watched]:
    """A watched socket for one test."""
    on = Watched(directory)
    try:
        yield on
    finally:
        on.router.close(linger=0)
        on.connections.close()
        on.context.destroy(linger=0)


async def until(found: Callable[[], bool]) -> None:
    """Waits for it; the test has a deadline of its own."""
    while not found():  # noqa: ASYNC110  # what is looked at tells nobody of its changes
        await asyncio.sleep(0.01)


async def ended(peer: socket.socket) -> None:
    """Reads until the other end is closed."""
    with peer:
        while await asyncio.get_running_loop().sock_recv(peer, 1000):
            pass


def test_limits_fit_the_descriptors() -> None:
    """A thousand clients if there are enough descriptors; a minimum in any case."""
    assert limit(2**20, 4) == CONNECTIONS_MAX
    assert limit(4096, 4) == (4096 - connections.RESERVED_DESCRIPTORS) // 4
    assert limit(1024, 4) == CONNECTIONS_MIN


async def test_one_too_many_is_hung_up_on(tmp_path: Path) -> None:
    """The new one, and no other; after one has left, another is admitted."""
    async with watching(tmp_path) as on:
        first = on.client()
        first.send(b"1")
        peers = [on.plain() for _ in range(MOST - 1)]
        await until(lambda: on.connections.count("ipc") == MOST)
        for _ in range(3):
            await ended(on.plain())
        await until(lambda: on.connections.count("ipc") == MOST)
        assert {reason for _, reason in on.refused} == {TOO_MANY}
        assert len(on.refused) == 3
        first.send(b"2")
        assert [on.router.recv_multipart()[1] for _ in range(2)] == [b"1", b"2"]
        peers.pop().close()
        await until(lambda: on.connections.count("ipc") == MOST - 1)
        second = on.client()
        second.send(b"3")
        assert on.router.recv_multipart()[1] == b"3"
        for peer in peers:
            peer.close()


async def test_who_says_nothing_is_hung_up_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the handshake timeout. On a local socket it is not logged, since each probe of a client would be."""
    monkeypatch.setattr(sockets, "HANDSHAKE_MS", 100)
    async with watching(tmp_path) as on:
        peers = [on.plain() for _ in range(MOST)]
        await until(lambda: on.connections.count("ipc") == MOST)
        for peer in peers:
            await ended(peer)
        await until(lambda: on.connections.count("ipc") == 0)
        assert on.refused == []


async def test_many_come_and_go(tmp_path: Path) -> None:
    """None is counted twice, or for ever."""
    async with watching(tmp_path) as on:
        for _ in range(30):
            peers = [on.plain() for _ in range(10)]
            for peer in peers:
                peer.close()
        await until(lambda: on.connections.count("ipc") == 0 and on.connections._open == {})
        client = on.client()
        client.send(b"x")
        assert await asyncio.to_thread(on.router.poll, 10_000)


async def test_connections_come_no_faster_than_they_are_counted(tmp_path: Path) -> None:
    """While the loop is busy, no more are accepted than there are reserved descriptors."""
    async with watching(tmp_path) as on:
        before = descriptors()
        flood = on.flood(connections.AHEAD_MAX + sockets.BACKLOG)
        deadline = time.monotonic() + 0.5
        while time.monotonic() < deadline:  # the loop is blocked
            assert descriptors() - before - len(flood) <= connections.AHEAD_MAX + 1
        assert on.connections.count("ipc") == 0
        await until(lambda: on.connections.count("ipc") == MOST)
        for peer in flood:
            peer.close()


async def test_it_ends_while_nobody_listens(tmp_path: Path) -> None:
    """ZeroMQ's thread waits to report further connections, and does not block the end."""
    async with watching(tmp_path) as on:
        peers = on.flood(connections.AHEAD_MAX + sockets.BACKLOG)
    for peer in peers:
        peer.close()


def descriptors() -> int:
    """The number of this process's open descriptors."""
    return len(list(Path("/proc/self/fd").iterdir()))
