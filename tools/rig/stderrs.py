"""Standard errors for a process under test: good ones, and those that cannot be written or are not emptied.

`good` is a file. `closed` is no open descriptor, `read_only` one that takes no writes, `full` a disk without room,
`blocked` a pipe that nobody empties and that is full already, `slow` one of which a little is read twice a second,
`reader_gone` one whose reader leaves once the process runs, `nonblocking` a full one that somebody has made
non-blocking for all who share it, `socket` a full socket such as systemd gives, `terminal` one that Ctrl-S stopped.
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
    """What a process is started with.

    Fields:
        fd: its standard error.
        shell: what is put before its argv.
        started: to be called once it runs.
    """

    fd: int
    shell: tuple[str, ...] = ()
    started: Callable[[], None] = lambda: None


@contextlib.contextmanager
def make(kind: str, directory: Path) -> Iterator[Stderr]:
    """One of this kind; a file of it is made in the directory."""
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
    """Writes until no byte more is taken."""
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
