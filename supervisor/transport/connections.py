"""Limits the connections of one ZeroMQ socket, and reports the causes of failed handshakes.

ZeroMQ has no limit on connections. Its monitor reports each connection by the number of its descriptor. New connections
beyond the limit are closed. Existing connections stay. A connection that does not speak ZeroMQ counts until its
handshake times out.

The monitor reports a failed handshake without its connection. One thread serves all connections, so the next ended
connection in the reports is the failed connection.
"""

import time
from collections import Counter
from collections.abc import Callable
from typing import Final, NamedTuple

import zmq
from zmq.utils.monitor import parse_monitor_message

from supervisor.transport.descriptors import Ends, ends_of, shut_down
from supervisor.transport.loop_socket import LoopSocket
from supervisor.transport.sockets import HANDSHAKE_MS

CONNECTIONS_MAX: Final = 1024
"""The limit of connections of one socket at one address. It is enough for a thousand clients. Each connection needs a
descriptor.
"""

CONNECTIONS_MIN: Final = 64
"""The minimum of this limit, even if there are few descriptors. Many clients are more likely than a flood.
"""

AHEAD_MAX: Final = 1001
"""The maximum number of unread events of a monitor. libzmq queues 1,000 events, and one event is queued here."""

SOCKETS: Final = 2
"""The number of watched sockets."""

RESERVED_DESCRIPTORS: Final = 256 + SOCKETS * AHEAD_MAX
"""The number of descriptors for other uses. These uses are engines, files, sockets, and connections that are not
counted yet.
"""

UNKNOWN: Final = "an unknown address"
"""The host of a connection that was closed before its examination. This can happen while the loop is busy."""

TOO_MANY: Final = "too many connections"
NO_CURVE: Final = "no CURVE"
UNREADABLE: Final = "the handshake cannot be read; the client may have another server's key"
NOT_ZEROMQ: Final = "no ZeroMQ client, or one that gave up"
TOO_LATE: Final = "no handshake in time"

_LATE_S: Final = 0.9 * HANDSHAKE_MS / 1000

_EVENTS: Final = (
    zmq.EVENT_ACCEPTED
    | zmq.EVENT_DISCONNECTED
    | zmq.EVENT_HANDSHAKE_SUCCEEDED
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
)
"""EVENT_ACCEPT_FAILED is left out. Without free descriptors, ZeroMQ's thread would report this event continuously."""

OnRefused = Callable[[str, str], None]


def limit(descriptors: int, addresses: int) -> int:
    """The limit of connections for each of several addresses. There are enough descriptors for all addresses."""
    return max(CONNECTIONS_MIN, min(CONNECTIONS_MAX, (descriptors - RESERVED_DESCRIPTORS) // addresses))


class _Connection(NamedTuple):
    scheme: str
    host: str
    since: float
    succeeded: int


class Connections:
    """Watches the connections of a socket.

    Args:
        socket: the socket, before it is bound.
        most: the limit of connections at each address. The socket has one address for each transport.
        on_refused: called with the peer and the reason. The peer is an IP address or a user.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        socket: zmq.Socket[bytes],
        *,
        most: int,
        on_refused: OnRefused,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._on_refused = on_refused
        self._clock = clock
        self._open: dict[int, _Connection] = {}
        self._count: Counter[str] = Counter()
        self._succeeded: Counter[str] = Counter()
        self._failure: str | None = None
        address = f"inproc://monitor-{id(socket)}"
        socket.monitor(address, _EVENTS)
        pair = socket.context.socket(zmq.PAIR)
        pair.setsockopt(zmq.LINGER, 0)
        # When this queue is full, ZeroMQ's thread waits and accepts no connection. So connections come no faster than
        # they are counted, however busy the loop is. Without a descriptor for a local connection, libzmq would abort.
        pair.setsockopt(zmq.RCVHWM, 1)
        pair.connect(address)
        self._socket = LoopSocket(pair, self._told)

    def count(self, scheme: str) -> int:
        """The number of connections at the socket's address of this transport, `ipc` or `tcp`."""
        return self._count[scheme]

    def close(self) -> None:
        """Stops watching. Call `close` after the socket is closed, and before its context is closed.

        While the socket is open, ZeroMQ's thread could block on unread events. The monitor is not disabled, because
        that would wait for the same thread.
        """
        self._socket.close()

    def _told(self, frames: list[bytes]) -> None:
        event = parse_monitor_message(frames)
        endpoint = event["endpoint"].decode("utf-8", "replace")
        scheme = endpoint.partition(":")[0]
        match event["event"]:
            case zmq.EVENT_ACCEPTED:
                self._accepted(event["value"], scheme, endpoint)
            case zmq.EVENT_DISCONNECTED:
                self._ended(event["value"], self._failure)
                self._failure = None
            case zmq.EVENT_HANDSHAKE_SUCCEEDED:
                self._succeeded[scheme] += 1
            case zmq.EVENT_HANDSHAKE_FAILED_AUTH:
                self._failure = ""  # the ZAP handler reports this failure
            case zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL:
                self._failure = NOT_ZEROMQ
            case zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL:
                other = event["value"] == zmq.PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH
                self._failure = NO_CURVE if other and scheme == "tcp" else UNREADABLE

    def _accepted(self, fd: int, scheme: str, endpoint: str) -> None:
        self._forget(fd)
        ends = ends_of(fd)
        host = UNKNOWN if ends is None else ends.host
        self._open[fd] = _Connection(scheme, host, self._clock(), self._succeeded[scheme])
        self._count[scheme] += 1
        if self._count[scheme] > self._most and ends is not None and _same_address(ends, endpoint):
            # If the descriptor belongs to another connection by now, that connection is a new one, too.
            shut_down(fd, ends)
            self._on_refused(host, TOO_MANY)
            self._open[fd] = self._open[fd]._replace(host="")

    def _ended(self, fd: int, failure: str | None) -> None:
        connection = self._forget(fd)
        if connection is None or not connection.host:
            return  # the connection was reported already
        if failure is None and connection.succeeded == self._succeeded[connection.scheme]:
            # No handshake has succeeded since this connection was accepted, so this connection's has not. There is no
            # event for a peer that does not speak ZeroMQ.
            failure = NOT_ZEROMQ
        if failure == NOT_ZEROMQ:
            if connection.scheme == "ipc":
                return  # local clients check the socket by connecting to it
            failure = TOO_LATE if self._clock() - connection.since >= _LATE_S else NOT_ZEROMQ
        if failure:
            self._on_refused(connection.host, failure)

    def _forget(self, fd: int) -> _Connection | None:
        connection = self._open.pop(fd, None)
        if connection is not None:
            self._count[connection.scheme] -= 1
        return connection


def _same_address(ends: Ends, endpoint: str) -> bool:
    """Whether a connection was accepted at an endpoint, by its path or port."""
    return ends.local.rpartition(":")[2] == endpoint.rpartition(":")[2]
