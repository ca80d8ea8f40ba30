"""Real ZeroMQ sockets for tests: the supervisor's ends are bound, the others connected, all on ipc."""

from pathlib import Path
from types import TracebackType
from typing import Self

import zmq
import zmq.asyncio

Bound = zmq.Socket[bytes]


class Sockets:
    """Both ends of some sockets, in contexts of their own; all are closed at the end.

    Args:
        directory: where the ipc files are; its path must be short.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._bound: zmq.Context[Bound] = zmq.Context()
        self._connected = zmq.asyncio.Context()
        self._open: list[Bound | zmq.asyncio.Socket] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        for socket in self._open:
            socket.close(linger=0)
        self._connected.term()
        self._bound.term()

    def endpoint(self, name: str) -> str:
        """The address of the socket with this name."""
        return f"ipc://{self._directory / name}"

    def bind(self, kind: int, name: str) -> Bound:
        """The supervisor's end."""
        socket: Bound = self._bound.socket(kind)
        self._open.append(socket)
        socket.setsockopt(zmq.LINGER, 0)
        if kind == zmq.ROUTER:
            socket.setsockopt(zmq.SNDHWM, 0)  # as in the service: replies to a long pipeline are not dropped
        socket.bind(self.endpoint(name))
        return socket

    def connect(self, kind: int, name: str, *, identity: bytes | None = None) -> zmq.asyncio.Socket:
        """The other end; `identity` is its name for a ROUTER."""
        socket: zmq.asyncio.Socket = self._connected.socket(kind)
        self._open.append(socket)
        socket.setsockopt(zmq.LINGER, 0)
        if identity is not None:
            socket.setsockopt(zmq.ROUTING_ID, identity)
        socket.connect(self.endpoint(name))
        return socket
