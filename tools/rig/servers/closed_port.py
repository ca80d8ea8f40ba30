"""A port on loopback that refuses connections."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def closed_port() -> Iterator[int]:
    """The number of a TCP port that refuses connections within the context.

    A socket holds the port and does not listen. A port without a socket could get a listener at any time, because
    other tests run at the same time.
    """
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port: int = holder.getsockname()[1]
        yield port
