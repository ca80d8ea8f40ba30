"""A gate for sockets. Only one thread at a time may use the sockets. Any thread may close them at any time.

A ZeroMQ socket must not be closed while another thread uses it. So the closing thread first wakes the thread inside the
gate. Then it waits until that thread has left.
"""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import zmq

from ouzel.errors import Closed


class Gate:
    """Serializes the use of one owner's sockets.

    Fields:
        closed: whether the gate is closed. If so, no thread may enter any more. The thread inside leaves at its next
            `check`.
    """

    def __init__(self) -> None:
        self.closed = False
        self._inside = threading.RLock()
        self._ended = False
        self._hears, self._says = socket.socketpair()

    def __del__(self) -> None:
        self._hears.close()  # for a client that was never closed
        self._says.close()

    def fileno(self) -> int:
        """The descriptor to poll together with the sockets. It is readable once the gate is closed."""
        return self._hears.fileno()

    def check(self) -> None:
        """Raises Closed if the gate is closed."""
        if self.closed:
            raise Closed

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """A context within which only this thread may use the sockets.

        Raises Closed, also in place of errors of closed sockets.
        """
        with self._inside:
            self.check()
            try:
                yield
            except (zmq.ZMQError, ValueError):  # ValueError: a signal handler on this thread has closed the descriptor
                self.check()
                raise

    def close(self, end: Callable[[], None]) -> None:
        """Closes the gate, waits until no thread is inside, then calls `end`. A second call does nothing."""
        self.closed = True
        with contextlib.suppress(OSError):  # closed already
            self._says.send(b"x")
        with self._inside:
            if self._ended:
                return
            self._ended = True
            end()
            self._hears.close()
            self._says.close()
