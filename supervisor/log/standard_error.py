"""Standard error: its descriptor, on which nobody waits, and its stream, which is the log."""

import fcntl
import io
import os
import socket
import stat
import struct
from collections.abc import Callable
from typing import Final

from protocol.host.standard_streams import STREAMS

STDERR: Final = 2

LINE_MAX: Final = 64 * 1024
"""Characters after which a line ends that has no end."""

SEND_US: Final = 2_000
"""How long a write to a socket may take, which cannot be opened anew without waiting as a pipe can."""


def take_over() -> int:
    """A descriptor for the log alone, on which a write may wait. It goes to where standard error went.

    Descriptor 2 is replaced by one on which no write waits: native libraries and faulthandler write to it themselves,
    most of all when the process is about to end. The mode of the original is left alone, since others may share it.
    """
    log = fcntl.fcntl(STDERR, fcntl.F_DUPFD_CLOEXEC, len(STREAMS))
    mode = os.fstat(log).st_mode
    if stat.S_ISREG(mode):
        return log  # no reader is waited for there
    if stat.S_ISSOCK(mode):
        with socket.socket(fileno=os.dup(log)) as shared:
            shared.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", 0, SEND_US))
        return log
    try:
        hasty = os.open(f"/proc/self/fd/{log}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:  # another user's pipe, or one without a reader
        hasty = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    os.dup2(hasty, STDERR)
    os.close(hasty)
    return log


class LogStream(io.TextIOBase):
    """What Python writes to standard error: tracebacks, warnings, usage. Each line is one of the log.

    Args:
        put: is given each line, encoded.
    """

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, put: Callable[[bytes], None]) -> None:
        self._put = put
        self._rest = ""

    def write(self, text: str) -> int:
        """Takes all of it; what is behind the last line end waits for the next one."""
        *lines, self._rest = (self._rest + text).split("\n")
        if len(self._rest) > LINE_MAX:
            lines, self._rest = [*lines, self._rest], ""
        for line in lines:
            self._put(printable(line).encode("utf-8", "backslashreplace") + b"\n")
        return len(text)

    def writable(self) -> bool:
        """It is."""
        return True

    def fileno(self) -> int:
        """The descriptor of standard error, for those who write to it themselves."""
        return STDERR

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return os.isatty(STDERR)


def printable(text: str) -> str:
    """Text without what could steer a terminal or turn the direction of what is around it: such is escaped."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
