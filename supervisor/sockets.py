"""The sockets that the supervisor binds in its runtime directory."""

import os
from pathlib import Path
from typing import Final

import zmq

from protocol.endpoints import COMMANDS_SOCKET, ipc_endpoint
from supervisor.requests import RECEIVE_BYTES_MAX

SUBSCRIBER_HWM: Final = 10_000
"""Messages that wait for a slow subscriber before it loses some, and learns of it by the tick."""

SUBSCRIPTION_BYTES_MAX: Final = 4096
"""More than any topic, or a handshake, takes; ZeroMQ hangs up on who sends more in one frame."""
SUBSCRIPTIONS_HWM: Final = 10
"""So many of each connection wait to be read, further ones at the peer: the loop takes all that wait at once."""


def bind(context: "zmq.Context[zmq.Socket[bytes]]", kind: int, directory: Path, name: str) -> "zmq.Socket[bytes]":
    """A bound socket that only this user can reach. The file mode comes from the umask while it is made."""
    socket = context.socket(kind)
    socket.setsockopt(zmq.LINGER, 0)
    if kind == zmq.ROUTER:
        # At a bound, a ROUTER drops without a word; a reply or an engine command must not be lost like that.
        socket.setsockopt(zmq.SNDHWM, 0)
    if kind == zmq.XPUB:
        socket.setsockopt(zmq.SNDHWM, SUBSCRIBER_HWM)
        socket.setsockopt(zmq.RCVHWM, SUBSCRIPTIONS_HWM)
        socket.setsockopt(zmq.MAXMSGSIZE, SUBSCRIPTION_BYTES_MAX)
    if name == COMMANDS_SOCKET:
        socket.setsockopt(zmq.MAXMSGSIZE, RECEIVE_BYTES_MAX)
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
