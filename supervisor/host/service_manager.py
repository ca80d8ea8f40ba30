"""What the service manager is told: sd_notify's protocol, which systemd speaks and others have learnt.

One datagram a message, `NAME=value` lines, to the socket that the environment names. Nothing comes back, and nothing
here waits. Source: sd_notify(3); docs/adr/018 says why no library does this.
"""

import socket
from collections import deque
from collections.abc import MutableMapping
from typing import Final, Self

VARIABLES: Final = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
UNSENT_MAX: Final = 16
"""Messages that wait while the manager does not read. Only the latest of them are of interest to it then."""


class ServiceManager:
    """The way to the service manager, or to nowhere where there is none.

    Args:
        address: a path, or an abstract name after an `@`; None for nowhere.
        watchdog_s: how often it wants to hear from a live service, in seconds; None where it does not.
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
        """The one that started this process, if one did. Its variables are taken out: they are no child's business."""
        address, usec, watched = (environ.pop(name, "") for name in VARIABLES)
        watchdog = usec.isdecimal() and int(usec) > 0 and watched in ("", str(pid))
        return cls(address or None, int(usec) / 1e6 if watchdog else None)

    @property
    def present(self) -> bool:
        """Whether anybody is told."""
        return self._address is not None

    def ready(self) -> None:
        """The service works; also, the reload that was told of is over."""
        self._tell("READY=1")

    def reloading(self, monotonic_us: int) -> None:
        """The configuration is being read again, since this time in microseconds."""
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={monotonic_us}")

    def stopping(self) -> None:
        """The service goes down."""
        self._tell("STOPPING=1")

    def alive(self) -> None:
        """The service works still."""
        self._tell("WATCHDOG=1")

    def extend(self, seconds: float) -> None:
        """Starting or stopping takes longer: the manager shall have patience for this long from now on."""
        self._tell(f"EXTEND_TIMEOUT_USEC={int(seconds * 1e6)}")

    def status(self, line: str) -> None:
        """One line for people; the same one again is not told."""
        line = " ".join(line.split())
        if line != self._status:
            self._status = line
            self._tell(f"STATUS={line}")

    def close(self) -> None:
        """Nothing more will be told."""
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
                return  # it is behind with its reading; the next message takes this one along
            except OSError:
                # It is gone, or being replaced. Nobody can be told of that, and the service does not depend on it.
                self._unsent.clear()
                return
            self._unsent.popleft()
