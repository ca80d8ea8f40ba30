"""The route watch: reports changes of the default route, from the kernel's netlink socket (rtnetlink(7)).

libtorrent itself follows changes of addresses, but does not follow changes of routes. If an interface has no default
route, libtorrent does not use it for trackers and the DHT. If a session starts before the machine has a default route,
the session would stay offline without this watch.
"""

import contextlib
import errno
import socket
import struct
from collections.abc import Iterator
from typing import Final

from engine_proc.process.log import log

SETTLE_S: Final = 1.0
"""How long changes are collected. One change of the network causes several messages."""
INTERVAL_S: Final = 10.0
"""The minimum interval of reports, because routers can repeat messages for ever."""

_GROUPS: Final = 0x40 | 0x400
"""RTMGRP_IPV4_ROUTE and RTMGRP_IPV6_ROUTE."""
_CHANGES: Final = (24, 25)
"""RTM_NEWROUTE and RTM_DELROUTE."""
_HEADER: Final = struct.Struct("=IHHII")
_ROUTE: Final = struct.Struct("=BBBBBBBBI")
_MAIN_TABLE: Final = 254
_UNICAST: Final = 1
_BYTES: Final = 65_536


class RouteWatch:
    """Watches the default routes of this process's network namespace. Times are monotonic seconds.

    Args:
        source: the socket to read; by default a netlink socket. If no socket can be opened, no change is ever reported.
    """

    def __init__(self, source: socket.socket | None = None) -> None:
        self._socket = source or _subscribed()
        self._due: float | None = None
        self._reported_at: float | None = None

    def fileno(self) -> int | None:
        """The descriptor to poll; None if there is no socket."""
        return None if self._socket is None else self._socket.fileno()

    def next_due(self) -> float | None:
        """The time at which `changed` will return True; None if nothing has changed."""
        return self._due

    def changed(self, now: float) -> bool:
        """Reads messages. Returns whether the caller should react now to a change of a default route."""
        if self._received() and self._due is None:
            self._due = now + SETTLE_S
            if self._reported_at is not None:
                self._due = max(self._due, self._reported_at + INTERVAL_S)
        if self._due is None or now < self._due:
            return False
        self._due, self._reported_at = None, now
        return True

    def close(self) -> None:
        """Closes the socket."""
        if self._socket is not None:
            self._socket.close()

    def _received(self) -> bool:
        found = False
        while self._socket is not None:
            try:
                found |= any(default_routes(self._socket.recv(_BYTES)))
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                found = True  # messages were lost
        return found


def default_routes(messages: bytes) -> Iterator[bool]:
    """For each message about a route, whether the route is a default route in the main table."""
    at = 0
    while at + _HEADER.size <= len(messages):
        size, kind, *_ = _HEADER.unpack_from(messages, at)
        if size < _HEADER.size:
            return
        if kind in _CHANGES and at + _HEADER.size + _ROUTE.size <= len(messages):
            _, prefix, _, _, table, _, _, type_, _ = _ROUTE.unpack_from(messages, at + _HEADER.size)
            yield prefix == 0 and table == _MAIN_TABLE and type_ == _UNICAST
        at += size + -size % 4


def _subscribed() -> socket.socket | None:
    try:
        found = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
    except OSError as error:
        log("warning", "routes_not_watched", problem=str(error))
        return None
    try:
        found.bind((0, _GROUPS))
    except OSError as error:
        log("warning", "routes_not_watched", problem=str(error))
        with contextlib.suppress(OSError):
            found.close()
        return None
    return found
