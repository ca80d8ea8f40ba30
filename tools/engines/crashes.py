"""Ways in which a process that holds native code ends or stops: true ones, none played."""

import contextlib
import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, NoReturn

EXIT_CODE: Final = 17
_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_SIGNAL: Final = signal.SIGUSR2
_STACK_BYTES: Final = 256 * 1024


def native_segv() -> NoReturn:
    """SIGSEGV in a thread that Python has never heard of: `strlen` of nothing. The caller waits without the GIL."""
    thread = ctypes.c_ulong()
    entry = ctypes.cast(_LIBC.strlen, ctypes.c_void_p)
    _LIBC.pthread_create(ctypes.byref(thread), None, entry, None)
    _wait_for_the_end()


def segv_here() -> NoReturn:
    """SIGSEGV in the calling thread."""
    _LIBC.strlen(None)
    _wait_for_the_end()


def segv_in(tid: int) -> NoReturn:
    """SIGSEGV in a thread of this process, whatever that is about: a signal's handler is `strlen`, and gets 12."""
    _interrupt(tid, "strlen")
    _wait_for_the_end()


def stall(tid: int) -> None:
    """A thread of this process stops for good: a signal's handler is `pause`."""
    _interrupt(tid, "pause")


def abort() -> NoReturn:
    """SIGABRT by C++'s `std::terminate`, as after an exception that nobody catches."""
    ctypes.CDLL("libstdc++.so.6")._ZSt9terminatev()
    _wait_for_the_end()


def overflow_stack() -> NoReturn:
    """SIGSEGV by a recursion through C that no limit ends, in a thread with a small stack."""

    def recurse(_: object) -> int:
        return max([0], key=recurse)

    sys.setrecursionlimit(1 << 30)
    threading.stack_size(_STACK_BYTES)
    threading.Thread(target=recurse, args=(0,), daemon=True).start()
    _wait_for_the_end()


def leave() -> NoReturn:
    """An exit code, and no word."""
    os._exit(EXIT_CODE)


def kill() -> NoReturn:
    """SIGKILL, which nobody outside has sent."""
    os.kill(os.getpid(), signal.SIGKILL)
    _wait_for_the_end()


def exhaust_memory() -> NoReturn:
    """Asks for more than there are addresses. Raises MemoryError.

    No limit is set: other threads that run into it end the process in ways of their own, as with the dynamic linker's
    127.
    """
    bytearray(sys.maxsize)
    raise AssertionError("there is memory without end")


def hang_with_gil() -> NoReturn:
    """Sleeps for good, and no Python thread runs meanwhile."""
    while True:
        ctypes.PyDLL(None).sleep(3600)


def threads() -> set[int]:
    """The ids of this process's threads, native ones too."""
    return {int(path.name) for path in Path("/proc/self/task").iterdir()}


def waits_for_sockets(tid: int) -> bool:
    """Whether a thread of this process sleeps in epoll, as an event loop at rest does."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/self/task/{tid}/wchan").read_text().strip() in ("do_epoll_wait", "ep_poll")
    return False


def later(seconds: float, act: Callable[[], object]) -> None:
    """Does it in another thread."""
    timer = threading.Timer(seconds, act)
    timer.daemon = True
    timer.start()


def _interrupt(tid: int, handler: str) -> None:
    _LIBC.signal.argtypes = [ctypes.c_int, ctypes.c_void_p]
    _LIBC.signal.restype = ctypes.c_void_p
    _LIBC.signal(_SIGNAL, ctypes.cast(getattr(_LIBC, handler), ctypes.c_void_p))
    _LIBC.tgkill(os.getpid(), tid, _SIGNAL)


def _wait_for_the_end() -> NoReturn:
    while True:
        _LIBC.pause()
