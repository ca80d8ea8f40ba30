"""The sockets that the supervisor binds in its runtime directory."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

import zmq

from protocol.wire import codec
from protocol.wire.endpoints import COMMANDS_SOCKET, ENGINE_SOCKET, EVENTS_SOCKET, ipc_endpoint
from supervisor.transport.outbox import QUEUE_MAX

RECEIVE_BYTES_MAX: Final = 2 * codec.MAX_FRAME_BYTES
"""Frames up to here are received, so that one over the limit gets an answer; on larger ones ZeroMQ hangs up."""

RECEIVE_MAX: Final = 16
"""Messages of a connection that ZeroMQ receives ahead (RCVHWM); the others wait where they come from."""

SUBSCRIBER_HWM: Final = 10_000
"""Messages that wait for a slow subscriber before it loses some, and learns of it by the tick."""

SUBSCRIPTION_BYTES_MAX: Final = 4096
"""More than any topic, or a handshake, takes; ZeroMQ hangs up on who sends more in one frame."""

SUBSCRIPTIONS_HWM: Final = 10
"""So many of each connection wait to be read, further ones at the peer: the loop takes all that wait at once."""

HANDSHAKE_MS: Final = 5000
"""How long a connection may take until it is clear that a ZeroMQ client, and whose, is behind it."""

BACKLOG: Final = 1024
"""Connections that wait to be accepted; ZeroMQ has 100, which a burst of clients fills."""

ZAP_DOMAIN: Final = "ouzel"

KEEPALIVE: Final = {
    zmq.TCP_KEEPALIVE: 1,
    zmq.TCP_KEEPALIVE_IDLE: 60,
    zmq.TCP_KEEPALIVE_INTVL: 15,
    zmq.TCP_KEEPALIVE_CNT: 4,
}
"""A peer that went away without a word is noticed after two minutes; by TCP, as not every client knows ZMTP's PING."""

CLIENT_AND_ENGINE_SOCKETS: Final = (COMMANDS_SOCKET, EVENTS_SOCKET, ENGINE_SOCKET)

Watch = Callable[["zmq.Socket[bytes]"], None]

_UMASK_GROUP: Final = 0o117
_UMASK_USER: Final = 0o177


def check_places(directory: Path) -> None:
    """Judges what lies where the sockets will be: an old socket is replaced, and so is a link, which is not followed.

    Raises:
        OSError: it is a directory, a file, or something else that was not put there as a socket.
    """
    for name in CLIENT_AND_ENGINE_SOCKETS:
        path = directory / name
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:
            continue
        if not (stat.S_ISSOCK(mode) or stat.S_ISLNK(mode)):
            number = errno.EISDIR if stat.S_ISDIR(mode) else errno.EEXIST
            what = "a directory" if stat.S_ISDIR(mode) else "a file" if stat.S_ISREG(mode) else "no socket"
            problem = f"is {what}, and this is the place of a socket; move it away, or choose another runtime_dir"
            raise OSError(number, problem, str(path))


def bind(
    context: "zmq.Context[zmq.Socket[bytes]]", kind: int, directory: Path, name: str, *, watch: Watch | None = None
) -> "zmq.Socket[bytes]":
    """A bound local socket: the engine's is for this user, those of clients are for the group too.

    The file mode comes from the umask while it is made, so that it is never wider for a moment. The umask is the
    process's: a file that another thread makes at that moment is narrower than it would be.

    Args:
        watch: called with the socket before anybody can connect to it.
    """
    socket = context.socket(kind)
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.HANDSHAKE_IVL, HANDSHAKE_MS)
    socket.setsockopt(zmq.BACKLOG, BACKLOG)
    if kind == zmq.ROUTER:
        # At a bound, a ROUTER drops without a word; a reply or an engine command must not be lost like that.
        socket.setsockopt(zmq.SNDHWM, 0)
    if kind == zmq.XPUB:
        socket.setsockopt(zmq.SNDHWM, SUBSCRIBER_HWM)
        socket.setsockopt(zmq.RCVHWM, SUBSCRIPTIONS_HWM)
        socket.setsockopt(zmq.MAXMSGSIZE, SUBSCRIPTION_BYTES_MAX)
    if name == COMMANDS_SOCKET:
        socket.setsockopt(zmq.MAXMSGSIZE, RECEIVE_BYTES_MAX)
        socket.setsockopt(zmq.RCVHWM, RECEIVE_MAX)
        # Replies are not lost either: the socket says that a queue is full, and they wait in the outbox.
        socket.setsockopt(zmq.SNDHWM, QUEUE_MAX)
        socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
    if watch is not None:
        watch(socket)
    before = os.umask(_UMASK_USER if name == ENGINE_SOCKET else _UMASK_GROUP)
    try:
        socket.bind(ipc_endpoint(directory, name))
    finally:
        os.umask(before)
    return socket


def offer_tcp(socket: zmq.Socket[bytes], endpoint: str, secret_key: str) -> str:
    """Binds a socket, which has a local endpoint already, to tcp as well: for CURVE alone, with keys that ZAP admits.

    libzmq takes the options as they are at the time of each bind, so the local endpoint stays as it is. A ZAP handler
    has to be bound before, and without one nobody is let in.

    Returns:
        The endpoint, with the port that was found where the given one is 0 or `*`.

    Raises:
        zmq.ZMQError: it cannot be bound.
    """
    socket.setsockopt(zmq.CURVE_SERVER, 1)
    socket.setsockopt_string(zmq.CURVE_SECRETKEY, secret_key)
    socket.setsockopt_string(zmq.ZAP_DOMAIN, ZAP_DOMAIN)
    socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)
    for option, value in KEEPALIVE.items():
        socket.setsockopt(option, value)
    if "[" in endpoint:
        socket.setsockopt(zmq.IPV6, 1)
    socket.bind(endpoint)
    return socket.getsockopt_string(zmq.LAST_ENDPOINT)


def connect(context: "zmq.Context[zmq.Socket[bytes]]", directory: Path, name: str) -> "zmq.Socket[bytes]":
    """A DEALER socket that is connected to one of them."""
    socket = context.socket(zmq.DEALER)
    socket.setsockopt(zmq.LINGER, 0)
    socket.connect(ipc_endpoint(directory, name))
    return socket
