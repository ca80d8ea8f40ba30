"""The queue of alerts that the session itself makes. Its descriptor also signals libtorrent's alerts."""

import contextlib
import socket
from collections import deque

from engine_proc.session.alerts import Alert


class AlertInbox:
    """A deque, and a pair of sockets to wake the loop.

    An eventfd cannot replace the sockets. When libtorrent's queue becomes non-empty, libtorrent writes one byte. An
    eventfd needs eight bytes.
    """

    def __init__(self) -> None:
        self._alerts: deque[Alert] = deque()
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def fileno(self) -> int:
        """The descriptor to poll. It is readable while alerts are queued."""
        return self._reader.fileno()

    def native_fileno(self) -> int:
        """The descriptor to which libtorrent writes a byte when it has alerts."""
        return self._writer.fileno()

    def put(self, alert: Alert) -> None:
        """Queues an alert and wakes the loop. Callable from any thread."""
        self._alerts.append(alert)
        with contextlib.suppress(BlockingIOError):  # the buffer is full, so the loop will wake anyway
            self._writer.send(b"\0")

    def take(self) -> list[Alert]:
        """Drains the descriptor, then removes and returns all queued alerts.

        Later alerts make the descriptor readable again.
        """
        try:
            while self._reader.recv(4096):
                pass
        except BlockingIOError:
            pass
        return [self._alerts.popleft() for _ in range(len(self._alerts))]

    def close(self) -> None:
        """Closes both sockets."""
        self._reader.close()
        self._writer.close()
