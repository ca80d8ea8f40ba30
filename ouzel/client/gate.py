"""A gate before sockets: one thread at a time uses them, and any thread may close them meanwhile.

A ZeroMQ socket must not be closed while another thread is in it. So whoever closes says so first, which ends the wait
of whoever is inside, and then waits until nobody is.
"""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import zmq

from ouzel.errors import Closed


class Gate:
    """The gate of one owner of sockets.

    Fields:
        closed: nobody is let in any more, and who is inside leaves at the next `check`.
    """

    def __init__(self) -> None:
        self.closed = False
        self._inside = threading.RLock()
        self._ended = False
        self._hears, self._says = socket.socketpair()

    def __del__(self) -> None:
        self._hears.close()  # of a client that nobody has closed
        self._says.close()

    def fileno(self) -> int:
        """Readable once it is closed: to be polled together with the sockets."""
        return self._hears.fileno()

    def check(self) -> None:
        """Raises Closed."""
        if self.closed:
            raise Closed

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """Within it the sockets are this thread's. Raises Closed, also in the place of errors of closed sockets."""
        with self._inside:
            self.check()
            try:
                yield
            except (zmq.ZMQError, ValueError):  # the latter of a closed descriptor: closed by this thread's own signal
                self.check()
                raise

    def close(self, end: Callable[[], None]) -> None:
        """Has everybody leave, and then `end` called, once."""
        self.closed = True
        with contextlib.suppress(OSError):  # it was closed before
            self._says.send(b"x")
        with self._inside:
            if self._ended:
                return
            self._ended = True
            end()
            self._hears.close()
            self._says.close()
