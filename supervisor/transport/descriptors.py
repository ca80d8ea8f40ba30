"""Identifies and closes one connection of a ZeroMQ socket, by the number of its descriptor.

ZeroMQ's API cannot identify the peer of a connection, and cannot close one connection. ZeroMQ reports the number of the
descriptor. The functions here use a duplicate of this descriptor. Meanwhile, the number may be reused, so callers pass
the expected addresses or inode.
"""

import contextlib
import os
import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple


class Ends(NamedTuple):
    """Both ends of a connection: the local address and the peer's address.

    Fields:
        local: the local address in ZeroMQ's form, `ipc://path` or `tcp://host:port`.
        host: the peer's IP address, or `uid N` of a local peer.
        remote: the peer's address with its port, or with the pid of the local process that connected.
    """

    local: str
    host: str
    remote: str


def ends_of(fd: int) -> Ends | None:
    """The ends of a connection; None if the connection is closed."""
    with contextlib.suppress(OSError), _borrowed(fd) as connection:
        return _ends(connection)
    return None


def shut_down(fd: int, ends: Ends) -> bool:
    """If a connection still has these ends, shuts it down. ZeroMQ detects the shutdown, and cleans up."""
    with contextlib.suppress(OSError), _borrowed(fd) as connection:
        if _ends(connection) == ends:
            connection.shutdown(socket.SHUT_RDWR)
            return True
    return False


def shut_down_inode(fd: int, inode: int) -> bool:
    """If a connection still has this inode, shuts it down. Returns whether the connection was shut down."""
    with contextlib.suppress(OSError), _borrowed(fd) as connection:
        if os.fstat(connection.fileno()).st_ino == inode:
            with contextlib.suppress(OSError):  # the peer has closed the connection meanwhile
                connection.shutdown(socket.SHUT_RDWR)
            return True
    return False


@contextlib.contextmanager
def _borrowed(fd: int) -> Iterator[socket.socket]:
    """Returns a context with a duplicate of a descriptor.

    Raises OSError if the descriptor is closed, or is no socket.
    """
    duplicate = os.dup(fd)
    try:
        connection = socket.socket(fileno=duplicate)
    except OSError:
        os.close(duplicate)
        raise
    with connection:
        yield connection


def _ends(connection: socket.socket) -> Ends:
    local = connection.getsockname()
    if connection.family == socket.AF_UNIX:
        size = struct.calcsize("3i")
        pid, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
        return Ends(f"ipc://{os.fsdecode(local)}", f"uid {uid}", f"uid {uid}, pid {pid}")
    host, port, *_ = connection.getpeername()
    return Ends(f"tcp://{local[0]}:{local[1]}", host, f"{host}:{port}")
