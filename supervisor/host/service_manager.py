"""Notifies the service manager by the protocol of sd_notify. systemd and other managers understand this protocol.

Each message is one datagram of `NAME=value` lines. The environment names the socket. There are no replies, and no call
blocks. Source: sd_notify(3); docs/adr/018 says why no library is used.
"""

import socket
from collections import deque
from collections.abc import MutableMapping
from typing import Final, Self

VARIABLES: Final = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
UNSENT_MAX: Final = 16
"""The number of messages that are queued while the manager does not read. The oldest messages are dropped."""


class ServiceManager:
    """The connection to the service manager, if there is one.

    Args:
        address: a path, or an abstract name after an `@`. None without a service manager.
        watchdog_s: the watchdog's interval in seconds; None without a watchdog.
    """

    def __init__(self, address: str | None = None, watchdog_s: float | None = None) -> None:
        self.watchdog_s = watchdog_s if address else None
        self._address = address and ("\0" + address[1:] if address.startswith("@") else address)
        self._unsent: deque[bytes] = deque(maxlen=UNSENT_MAX)
        self._status = ""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    @classmethod
    def of_environment(cls, environ: MutableMapping[str, str], pid: int) -> Self:
        """The service manager that the environment variables name, if any.

        The variables are removed, so that children do not inherit them.
        """
        address, usec, watched = (environ.pop(name, "") for name in VARIABLES)
        watchdog = usec.isdecimal() and int(usec) > 0 and watched in ("", str(pid))
        return cls(address or None, int(usec) / 1e6 if watchdog else None)

    @property
    def present(self) -> bool:
        """Whether there is a service manager."""
        return self._address is not None

    def ready(self) -> None:
        """Notifies the manager that the service is ready, or that a reload is complete."""
        self._tell("READY=1")

    def reloading(self, monotonic_us: int) -> None:
        """Notifies the manager that a reload has begun. The time is monotonic, in microseconds."""
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={monotonic_us}")

    def stopping(self) -> None:
        """Notifies the manager that the service is stopping."""
        self._tell("STOPPING=1")

    def alive(self) -> None:
        """Feeds the watchdog."""
        self._tell("WATCHDOG=1")

    def extend(self, seconds: float) -> None:
        """Extends the manager's timeout for starting or stopping. The new timeout ends the given number of seconds from
        now.
        """
        self._tell(f"EXTEND_TIMEOUT_USEC={int(seconds * 1e6)}")

    def status(self, line: str) -> None:
        """If the status line for people has changed, sends this line."""
        line = " ".join(line.split())
        if line != self._status:
            self._status = line
            self._tell(f"STATUS={line}")

    def close(self) -> None:
        """Closes the socket. Nothing more is sent."""
        self._socket.close()
        self._address = None

    def _tell(self, message: str) -> None:
        if self._address is None:
            return
        self._unsent.append(message.encode("utf-8", "replace"))
        while self._unsent:
            try:
                self._socket.sendto(self._unsent[0], self._address)
            except BlockingIOError:
                return  # the manager does not keep up; the queued messages are sent with the next one
            except OSError:
                # The manager is gone, or is being replaced. The service does not depend on it.
                self._unsent.clear()
                return
            self._unsent.popleft()
