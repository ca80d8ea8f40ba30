"""Real ways in which a process with native code dies or hangs. None is simulated."""

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
    """Causes SIGSEGV in a thread that Python does not know, by `strlen(NULL)`. The caller waits without the GIL."""
    thread = ctypes.c_ulong()
    entry = ctypes.cast(_LIBC.strlen, ctypes.c_void_p)
    _LIBC.pthread_create(ctypes.byref(thread), None, entry, None)
    _wait_for_the_end()


def segv_here() -> NoReturn:
    """Causes SIGSEGV in the calling thread."""
    _LIBC.strlen(None)
    _wait_for_the_end()


def segv_in(tid: int) -> NoReturn:
    """Causes SIGSEGV in a given thread of this process.

    Sends the thread a signal with `strlen` as its handler. `strlen` reads the signal number as a pointer.
    """
    _interrupt(tid, "strlen")
    _wait_for_the_end()


def stall(tid: int) -> None:
    """Makes a thread of this process hang forever, by a signal with `pause` as its handler."""
    _interrupt(tid, "pause")


def abort() -> NoReturn:
    """Causes SIGABRT by C++'s `std::terminate`, as after an uncaught exception."""
    ctypes.CDLL("libstdc++.so.6")._ZSt9terminatev()
    _wait_for_the_end()


def overflow_stack() -> NoReturn:
    """Causes SIGSEGV by an unlimited recursion through C, in a thread with a small stack."""

    def recurse(_: object) -> int:
        return max([0], key=recurse)

    sys.setrecursionlimit(1 << 30)
    threading.stack_size(_STACK_BYTES)
    threading.Thread(target=recurse, args=(0,), daemon=True).start()
    _wait_for_the_end()


def leave() -> NoReturn:
    """Exits with an exit code, without any message."""
    os._exit(EXIT_CODE)


def kill() -> NoReturn:
    """Sends SIGKILL to this process."""
    os.kill(os.getpid(), signal.SIGKILL)
    _wait_for_the_end()


def exhaust_memory() -> NoReturn:
    """Allocates more memory than the address space has. Raises MemoryError.

    No resource limit is set, because another thread could reach the limit first. The process could then end in another
    way, for example with the dynamic linker's exit code 127.
    """
    bytearray(sys.maxsize)
    raise AssertionError("there is memory without end")


def hang_with_gil() -> NoReturn:
    """Sleeps forever with the GIL held. So no Python thread runs."""
    while True:
        ctypes.PyDLL(None).sleep(3600)


def threads() -> set[int]:
    """The ids of this process's threads, also of native threads."""
    return {int(path.name) for path in Path("/proc/self/task").iterdir()}


def waits_for_sockets(tid: int) -> bool:
    """Whether a thread of this process sleeps in epoll, like an idle event loop."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/self/task/{tid}/wchan").read_text().strip() in ("do_epoll_wait", "ep_poll")
    return False


def later(seconds: float, act: Callable[[], object]) -> None:
    """Calls a function after some seconds on another thread."""
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
