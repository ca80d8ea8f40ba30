"""The connections of one ZeroMQ socket: their number, the limit on them, and the causes of failed handshakes.

ZeroMQ has no limit on connections; its monitor reports each by the number of its descriptor. Excess connections are
closed; existing ones stay. A connection that does not speak ZeroMQ counts too, until its handshake times out.

The monitor reports a failed handshake without its connection; it is the one that is reported to end next, since one
thread serves them all.
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
"""The limit of connections of one socket at one address: a thousand clients, and each needs a descriptor."""

CONNECTIONS_MIN: Final = 64
"""The minimum of that limit, however few descriptors there are: a flood is less likely than a client."""

AHEAD_MAX: Final = 1001
"""The number of connections of which a monitor's events may be unread: libzmq's 1,000 messages, and one here."""

SOCKETS: Final = 2
"""The number of watched sockets."""

RESERVED_DESCRIPTORS: Final = 256 + SOCKETS * AHEAD_MAX
"""Descriptors for everything else: engines, files and sockets; and for connections that are not counted yet."""

UNKNOWN: Final = "an unknown address"
"""Of a connection that was gone before it was examined: a busy loop, and a peer whose first bytes were wrong."""

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
"""Not EVENT_ACCEPT_FAILED: without free descriptors, there would be one for each turn of ZeroMQ's thread."""

OnRefused = Callable[[str, str], None]


def limit(descriptors: int, addresses: int) -> int:
    """The limit of connections for each of several addresses, so that there are descriptors for all."""
    return max(CONNECTIONS_MIN, min(CONNECTIONS_MAX, (descriptors - RESERVED_DESCRIPTORS) // addresses))


class _Connection(NamedTuple):
    scheme: str
    host: str
    since: float
    succeeded: int


class Connections:
    """Watches a socket.

    Args:
        socket: not bound yet.
        most: the limit of connections of each of its addresses, of which it has one for each transport.
        on_refused: called with the peer (an IP address, or a user) and the reason.
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
        # Where the queue is full, ZeroMQ's thread waits and accepts nobody: so connections come no faster than they are
        # counted, however busy the loop is. Without a descriptor for one more on a local socket, libzmq aborts.
        pair.setsockopt(zmq.RCVHWM, 1)
        pair.connect(address)
        self._socket = LoopSocket(pair, self._told)

    def count(self, scheme: str) -> int:
        """The number of connections at its address of this transport, `ipc` or `tcp`."""
        return self._count[scheme]

    def close(self) -> None:
        """Stops watching. Call it after the socket is closed and before its context is.

        Earlier, ZeroMQ's thread would block on unread events. The monitor is not disabled, as that waits for the same
        thread.
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
                self._failure = ""  # the ZAP handler reports it
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
            # If the number is another connection's by now, then that is a newcomer too.
            shut_down(fd, ends)
            self._on_refused(host, TOO_MANY)
            self._open[fd] = self._open[fd]._replace(host="")

    def _ended(self, fd: int, failure: str | None) -> None:
        connection = self._forget(fd)
        if connection is None or not connection.host:
            return  # it was reported already
        if failure is None and connection.succeeded == self._succeeded[connection.scheme]:
            # No handshake came to its end since then, so this one's did not. For what is not ZeroMQ there is no event.
            failure = NOT_ZEROMQ
        if failure == NOT_ZEROMQ:
            if connection.scheme == "ipc":
                return  # clients knock like that
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
