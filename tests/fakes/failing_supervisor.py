"""`python -m tests.fakes.failing_supervisor OPTION…`: the real daemon, in which each system call fails once.

Calls are told apart by what they call and the line of Ouzel's own code that they come from, and found while the daemon
runs: each fails when it is made for the first time after SIGUSR2, and works from then on. Each SIGUSR2 begins anew,
with the next error of a list. `FAILING_CALLS` in the environment names a file and, behind a colon, the errors. What has
failed is written to the file, a line each: error, call, place.
"""

import _thread
import asyncio
import errno
import fcntl
import io
import os
import posix
import signal
import socket
import sys
import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from supervisor.__main__ import main

VARIABLE: Final = "FAILING_CALLS"

_HOME: Final = str(Path(__file__).parents[2]) + "/"
_OURS: Final = tuple(_HOME + package for package in ("supervisor/", "protocol/"))

HARMLESS: Final = frozenset(
    {
        *("_exit", "abort", "close", "fspath", "get_inheritable", "getpid", "getppid", "isatty", "kill", "killpg"),
        *("putenv", "strerror", "unsetenv", "umask", "waitpid", "WIFEXITED"),
    }
)
"""Functions of `os` that cannot fail, are no system calls, or fail with another meaning (a closed descriptor)."""


class Failures:
    """Which calls have failed."""

    def __init__(self, told: str, errors: Sequence[str]) -> None:
        self._told = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC)
        self._write = os.write
        self._errors = iter(errors)
        self._error: str | None = None
        self._done: set[tuple[str, str, int]] = set()

    def begin(self, *_: object) -> None:
        """From now on each call fails once."""
        self._error = next(self._errors, None)
        self._done.clear()

    def failing(self, name: str, call: Callable[..., Any], kind: type[Exception] = OSError) -> Callable[..., Any]:
        """The call that fails."""

        def called(*args: Any, **keywords: Any) -> Any:
            if self._error is not None and self._is_due(name):
                number = getattr(errno, self._error)
                raise OSError(number, os.strerror(number)) if kind is OSError else kind("it failed")
            return call(*args, **keywords)

        return called

    def _is_due(self, name: str) -> bool:
        frame: types.FrameType | None = sys._getframe(2)
        while frame is not None and not frame.f_code.co_filename.startswith(_OURS):
            frame = frame.f_back
        if frame is None:
            return False
        place = frame.f_code.co_filename.removeprefix(_HOME)
        site = (name, place, frame.f_lineno)
        if site in self._done:
            return False
        self._done.add(site)
        self._write(self._told, f"{self._error} {name} {place}:{frame.f_lineno}\n".encode())
        return True


class FailingSocket(socket.socket):
    """A socket whose calls may fail."""


def install(failures: Failures) -> None:
    """Replaces the real calls by failing ones."""
    for name, call in vars(posix).items():
        if isinstance(call, types.BuiltinFunctionType) and name not in HARMLESS and hasattr(os, name):
            setattr(os, name, failures.failing(f"os.{name}", call))
    for module, name in ((fcntl, "fcntl"), (fcntl, "flock"), (signal, "pidfd_send_signal"), (io, "open")):
        setattr(module, name, failures.failing(f"{module.__name__}.{name}", getattr(module, name)))
    threads: Any = _thread
    threads.start_new_thread = failures.failing("start_new_thread", threads.start_new_thread, RuntimeError)
    for name in ("sendto", "connect", "shutdown", "getsockopt"):
        setattr(FailingSocket, name, failures.failing(f"socket.{name}", getattr(socket.socket, name)))
    sockets: Any = socket
    sockets.socket = FailingSocket
    loop: Any = asyncio.SelectorEventLoop
    loop.add_reader = failures.failing("add_reader", loop.add_reader)


if __name__ == "__main__":
    told, _, errors = os.environ[VARIABLE].rpartition(":")
    failures = Failures(told, errors.split(","))
    signal.signal(signal.SIGUSR2, failures.begin)
    install(failures)
    main()
