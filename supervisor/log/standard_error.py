"""Makes standard error the log. The descriptor becomes non-blocking, and the stream writes log lines."""

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
"""The length at which an unfinished line is split."""

SEND_US: Final = 2_000
"""The time limit of a write to a socket. A pipe can be reopened as non-blocking, but a socket cannot."""


def take_over() -> int:
    """Returns a descriptor of the original standard error for the log. A write to this descriptor may block.

    A non-blocking descriptor replaces descriptor 2, because native libraries and faulthandler write to descriptor 2
    directly. Such writes are common when the process is about to end. The mode of the original does not change, because
    other processes may share the original.
    """
    log = fcntl.fcntl(STDERR, fcntl.F_DUPFD_CLOEXEC, len(STREAMS))
    mode = os.fstat(log).st_mode
    if stat.S_ISREG(mode):
        return log  # writing to a regular file waits for no reader
    if stat.S_ISSOCK(mode):
        with socket.socket(fileno=os.dup(log)) as shared:
            shared.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", 0, SEND_US))
        return log
    try:
        hasty = os.open(f"/proc/self/fd/{log}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:  # another user's pipe, or a pipe without a reader
        hasty = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    os.dup2(hasty, STDERR)
    os.close(hasty)
    return log


class LogStream(io.TextIOBase):
    """Python's `sys.stderr`. Each line of tracebacks, warnings and usage becomes a log line.

    Args:
        put: called with each line, encoded.
    """

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, put: Callable[[bytes], None]) -> None:
        self._put = put
        self._rest = ""

    def write(self, text: str) -> int:
        """Accepts the whole text. Later calls complete a line without a line end."""
        *lines, self._rest = (self._rest + text).split("\n")
        if len(self._rest) > LINE_MAX:
            lines, self._rest = [*lines, self._rest], ""
        for line in lines:
            self._put(printable(line).encode("utf-8", "backslashreplace") + b"\n")
        return len(text)

    def writable(self) -> bool:
        """Returns True, because the stream can be written."""
        return True

    def fileno(self) -> int:
        """The descriptor of standard error. Some libraries write to the descriptor directly."""
        return STDERR

    def isatty(self) -> bool:
        """Whether standard error is a terminal."""
        return os.isatty(STDERR)


def printable(text: str) -> str:
    """The text with escapes for characters that could control a terminal or change the direction of text."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
