"""Alerts of the session's own, and the descriptor that is readable while these or libtorrent's wait."""

import contextlib
import socket
from collections import deque

from engine_proc.session.alerts import Alert


class AlertInbox:
    """A deque, and a pair of sockets: libtorrent writes one byte on the edge from empty, too few for an eventfd."""

    def __init__(self) -> None:
        self._alerts: deque[Alert] = deque()
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def fileno(self) -> int:
        """Readable while alerts wait."""
        return self._reader.fileno()

    def native_fileno(self) -> int:
        """Where libtorrent writes a byte when it has alerts."""
        return self._writer.fileno()

    def put(self, alert: Alert) -> None:
        """Has an alert taken soon. Callable from any thread."""
        self._alerts.append(alert)
        with contextlib.suppress(BlockingIOError):  # where there is that much to read already, it will be read
            self._writer.send(b"\0")

    def take(self) -> list[Alert]:
        """All that were put, once the descriptor is drained: what comes after that makes it readable again."""
        try:
            while self._reader.recv(4096):
                pass
        except BlockingIOError:
            pass
        return [self._alerts.popleft() for _ in range(len(self._alerts))]

    def close(self) -> None:
        """Closes both ends."""
        self._reader.close()
        self._writer.close()
