"""Kinds of standard error for a process under test. Some can be written. Some cannot, or nobody reads them.

- `good`: a file
- `closed`: no open descriptor
- `read_only`: a descriptor that refuses writes
- `full`: a full disk
- `blocked`: a full pipe that nobody reads
- `slow`: a pipe from which a little is read twice a second
- `reader_gone`: a pipe. Its reader closes it once the process runs.
- `nonblocking`: a full pipe that another process has made non-blocking for all processes that share it
- `socket`: a full socket, as systemd uses
- `terminal`: a terminal that was stopped by Ctrl-S
"""

import contextlib
import errno
import os
import socket
import termios
import threading
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

SLOW_BYTES: Final = 512
SLOW_EVERY_S: Final = 0.5


class Stderr(NamedTuple):
    """The standard error for a process, and how to start the process.

    Fields:
        fd: the descriptor for its standard error.
        shell: the arguments to put before its argv.
        started: called once the process runs.
    """

    fd: int
    shell: tuple[str, ...] = ()
    started: Callable[[], None] = lambda: None


@contextlib.contextmanager
def make(kind: str, directory: Path) -> Iterator[Stderr]:
    """A standard error of this kind. If it needs a file, the file is created in the directory."""
    with contextlib.ExitStack() as stack:
        yield KINDS[kind](stack, directory)


def _good(stack: contextlib.ExitStack, directory: Path) -> Stderr:
    return Stderr(_own(stack, os.open(directory / "stderr", os.O_WRONLY | os.O_CREAT | os.O_APPEND)))


def _closed(stack: contextlib.ExitStack, directory: Path) -> Stderr:
    shell = ("/bin/sh", "-c", 'exec "$@" 2>&-', "sh")
    return Stderr(_own(stack, os.open(os.devnull, os.O_WRONLY)), shell)


def _read_only(stack: contextlib.ExitStack, directory: Path) -> Stderr:
    return Stderr(_own(stack, os.open(os.devnull, os.O_RDONLY)))


def _full(stack: contextlib.ExitStack, directory: Path) -> Stderr:
    return Stderr(_own(stack, os.open("/dev/full", os.O_WRONLY)))


def _blocked(stack: contextlib.ExitStack, directory: Path) -> Stderr:
    reading, writing = os.pipe()
    _own(stack, reading)
    _fill(writing)
    return Stderr(_own(stack, writing))


def _slow(stack: contextlib.ExitStack, directory: Path) -> Stderr:
    reading, writing = os.pipe()
    _fill(writing)
    ended = threading.Event()

    def read() -> None:
        while not ended.wait(SLOW_EVERY_S):
            os.read(reading, SLOW_BYTES)

    reader = threading.Thread(target=read)
    stack.callback(os.close, reading)
    stack.callback(reader.join)
    stack.callback(ended.set)
    reader.start()
    return Stderr(_own(stack, writing))


def _reader_gone(stack: contextlib.ExitStack, directory: Path) -> Stderr:
    reading, writing = os.pipe()
    here = contextlib.ExitStack()
    here.callback(os.close, reading)
    stack.callback(here.close)
    return Stderr(_own(stack, writing), started=here.close)


def _nonblocking(stack: contextlib.ExitStack, directory: Path) -> Stderr:
    reading, writing = os.pipe()
    _own(stack, reading)
    _fill(writing)
    os.set_blocking(writing, False)
    return Stderr(_own(stack, writing))


def _socket(stack: contextlib.ExitStack, directory: Path) -> Stderr:
    reading, writing = socket.socketpair()
    stack.callback(reading.close)
    stack.callback(writing.close)
    _fill(writing.fileno())
    return Stderr(writing.fileno())


def _terminal(stack: contextlib.ExitStack, directory: Path) -> Stderr:
    leading, following = os.openpty()
    _own(stack, leading)
    tty.setraw(following)
    termios.tcflow(following, termios.TCOOFF)
    return Stderr(_own(stack, following))


def _own(stack: contextlib.ExitStack, fd: int) -> int:
    stack.callback(os.close, fd)
    return fd


def _fill(fd: int) -> None:
    """Writes to a descriptor until it is full."""
    os.set_blocking(fd, False)
    for size in (65_536, 1):
        try:
            while True:
                os.write(fd, b"\n" * size)
        except OSError as error:
            if error.errno != errno.EAGAIN:
                raise
    os.set_blocking(fd, True)


KINDS: Final = {
    "good": _good,
    "closed": _closed,
    "read_only": _read_only,
    "full": _full,
    "blocked": _blocked,
    "slow": _slow,
    "reader_gone": _reader_gone,
    "nonblocking": _nonblocking,
    "socket": _socket,
    "terminal": _terminal,
}
