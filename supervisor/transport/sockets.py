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
"""Frames up to this size are received. So a frame over the protocol's limit still gets a reply.

ZeroMQ disconnects a peer that sends a larger frame.
"""

RECEIVE_MAX: Final = 16
"""The number of messages that ZeroMQ receives from a connection before the loop reads them (RCVHWM).

Further messages stay at the sender."""

SUBSCRIBER_HWM: Final = 10_000
"""The high-water mark of a subscriber. Messages beyond this mark are dropped, and the next tick reveals the gap."""

SUBSCRIPTION_BYTES_MAX: Final = 4096
"""The maximum size of a frame from a subscriber. All topics and handshakes are smaller.

ZeroMQ disconnects a peer that sends a larger frame.
"""

SUBSCRIPTIONS_HWM: Final = 10
"""The number of queued subscriptions of a connection. Further subscriptions stay at the peer.

The loop reads all queued subscriptions at once.
"""

HANDSHAKE_MS: Final = 5000
"""The time limit for a ZeroMQ handshake."""

BACKLOG: Final = 1024
"""The maximum number of connections that wait to be accepted. A burst of clients exceeds ZeroMQ's default of 100."""

ZAP_DOMAIN: Final = "ouzel"

KEEPALIVE: Final = {
    zmq.TCP_KEEPALIVE: 1,
    zmq.TCP_KEEPALIVE_IDLE: 60,
    zmq.TCP_KEEPALIVE_INTVL: 15,
    zmq.TCP_KEEPALIVE_CNT: 4,
}
"""With these options, a vanished peer is detected after two minutes. ZMTP's PING is not used, because some clients do
not support it.
"""

CLIENT_AND_ENGINE_SOCKETS: Final = (COMMANDS_SOCKET, EVENTS_SOCKET, ENGINE_SOCKET)

Watch = Callable[["zmq.Socket[bytes]"], None]

_UMASK_GROUP: Final = 0o117
_UMASK_USER: Final = 0o177


def check_places(directory: Path) -> None:
    """Checks that the sockets can be bound.

    An old socket or a symbolic link at a socket's path is no problem, because `bind` replaces it.

    Raises:
        OSError: a directory, a file, or something else is at a socket's path.
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
    """Binds a local socket. This user can access the engine's socket. The group can access public sockets, too.

    The umask sets the file mode when the socket is made, so the mode is never too wide. The umask applies to the whole
    process. If another thread makes a file at the same moment, that file gets a narrower mode than usual.

    Args:
        watch: called with the socket before anybody can connect to it.
    """
    socket = context.socket(kind)
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.HANDSHAKE_IVL, HANDSHAKE_MS)
    socket.setsockopt(zmq.BACKLOG, BACKLOG)
    if kind == zmq.ROUTER:
        # At its high-water mark a ROUTER silently drops messages; replies and engine commands must not be lost.
        socket.setsockopt(zmq.SNDHWM, 0)
    if kind == zmq.XPUB:
        socket.setsockopt(zmq.SNDHWM, SUBSCRIBER_HWM)
        socket.setsockopt(zmq.RCVHWM, SUBSCRIPTIONS_HWM)
        socket.setsockopt(zmq.MAXMSGSIZE, SUBSCRIPTION_BYTES_MAX)
    if name == COMMANDS_SOCKET:
        socket.setsockopt(zmq.MAXMSGSIZE, RECEIVE_BYTES_MAX)
        socket.setsockopt(zmq.RCVHWM, RECEIVE_MAX)
        # Replies are not lost: the socket reports a full queue, and then the outbox queues the replies.
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
    """Binds a local socket to tcp, too. Clients on tcp need CURVE and a key that ZAP admits.

    libzmq applies the options at the time of each bind, so the local endpoint does not change. First a ZAP handler must
    be bound. Without a ZAP handler, no client is admitted.

    Returns:
        The endpoint. If the given port is 0 or `*`, the endpoint has the actual port.

    Raises:
        zmq.ZMQError: the endpoint cannot be bound.
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
    """Returns a DEALER socket that is connected to one of the local sockets."""
    socket = context.socket(zmq.DEALER)
    socket.setsockopt(zmq.LINGER, 0)
    socket.connect(ipc_endpoint(directory, name))
    return socket
