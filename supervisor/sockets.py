"""The sockets that the supervisor binds in its runtime directory."""

import os
from pathlib import Path
from typing import Final

import zmq

from protocol.endpoints import COMMANDS_SOCKET, ipc_endpoint
from supervisor.outbox import QUEUE_MAX
from supervisor.requests import RECEIVE_BYTES_MAX, RECEIVE_MAX

SUBSCRIBER_HWM: Final = 10_000
"""Messages that wait for a slow subscriber before it loses some, and learns of it by the tick."""


def bind(context: "zmq.Context[zmq.Socket[bytes]]", kind: int, directory: Path, name: str) -> "zmq.Socket[bytes]":
    """A bound socket that only this user can reach. The file mode comes from the umask while it is made."""
    socket = context.socket(kind)
    socket.setsockopt(zmq.LINGER, 0)
    if kind == zmq.ROUTER:
        # At a bound, a ROUTER drops without a word; a reply or an engine command must not be lost like that.
        socket.setsockopt(zmq.SNDHWM, 0)
    if kind == zmq.XPUB:
        socket.setsockopt(zmq.SNDHWM, SUBSCRIBER_HWM)
    if name == COMMANDS_SOCKET:
        socket.setsockopt(zmq.MAXMSGSIZE, RECEIVE_BYTES_MAX)
        socket.setsockopt(zmq.RCVHWM, RECEIVE_MAX)
        # Replies are not lost either: the socket says that a queue is full, and they wait in the outbox.
        socket.setsockopt(zmq.SNDHWM, QUEUE_MAX)
        socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
    before = os.umask(0o177)
    try:
        socket.bind(ipc_endpoint(directory, name))
    finally:
        os.umask(before)
    return socket


def connect(context: "zmq.Context[zmq.Socket[bytes]]", directory: Path, name: str) -> "zmq.Socket[bytes]":
    """A DEALER socket that is connected to one of them."""
    socket = context.socket(zmq.DEALER)
    socket.setsockopt(zmq.LINGER, 0)
    socket.connect(ipc_endpoint(directory, name))
    return socket
