import socket
import struct
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine_proc.process.route_watch import INTERVAL_S, SETTLE_S, RouteWatch, default_routes

MAIN, LOCAL, UNICAST, MULTICAST = 254, 255, 1, 5


def message(kind: int = 24, *, prefix: int = 0, table: int = MAIN, type_: int = UNICAST, extra: bytes = b"") -> bytes:
    """A message about a route."""
    body = struct.pack("=BBBBBBBBI", socket.AF_INET, prefix, 0, 0, table, 2, 0, type_, 0) + extra
    found = struct.pack("=IHHII", 16 + len(body), kind, 0, 0, 0) + body
    return found + bytes(-len(found) % 4)


@pytest.fixture
def ends() -> Iterator[tuple[RouteWatch, socket.socket]]:
    """A watch, and the kernel's end of its socket."""
    kernel, own = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    own.setblocking(False)
    watch = RouteWatch(own)
    yield watch, kernel
    watch.close()
    kernel.close()


def test_default_routes_are_found_among_others() -> None:
    """New and deleted ones, in the main table, to one host."""
    others = message(prefix=24) + message(table=LOCAL) + message(type_=MULTICAST) + message(20)
    assert list(default_routes(others)) == [False, False, False]
    assert list(default_routes(message(prefix=8, extra=b"x" * 5) + message(25))) == [False, True]


@given(st.binary())
def test_any_bytes_end(messages: bytes) -> None:
    """Also those that no kernel sends."""
    assert len(list(default_routes(messages))) <= len(messages)


def test_changes_are_collected_and_reported_not_too_often(ends: tuple[RouteWatch, socket.socket]) -> None:
    """The last change is never lost."""
    watch, kernel = ends
    kernel.send(message(prefix=24))
    assert not watch.changed(0.0)
    assert watch.next_due() is None
    for _ in range(3):
        kernel.send(message())
    assert not watch.changed(1.0)
    assert watch.next_due() == 1.0 + SETTLE_S
    kernel.send(message(25))
    assert watch.changed(1.0 + SETTLE_S)
    assert not watch.changed(2.0 + SETTLE_S)
    kernel.send(message())
    assert not watch.changed(3.0 + SETTLE_S)
    assert not watch.changed(3.0 + 2 * SETTLE_S)
    assert watch.changed(1.0 + SETTLE_S + INTERVAL_S)


def test_the_kernel_lets_anybody_subscribe() -> None:
    """And nothing has changed at first."""
    watch = RouteWatch()
    assert watch.fileno() is not None
    assert not watch.changed(0.0)
    watch.close()
