"""`python -m tools.engines.hanging_engine`: the real engine. It can be made to hang in three ways.

- `stop`: SIGSTOP. None of its threads runs.
- `lock`: a native call does not return and holds the interpreter's lock. A defect in the binding would do the same.
- `network`: libtorrent's network thread hangs. The other threads continue until they wait for an answer of libtorrent.
"""

import ctypes
import os
import signal
import threading
from pathlib import Path
from typing import Any, Final

from engine_proc.__main__ import main
from engine_proc.libtorrent_adapter import libtorrent_session

MODULE: Final = "tools.engines.hanging_engine"
SIGNALS: Final = {"stop": signal.SIGSTOP, "lock": signal.SIGUSR1, "network": signal.SIGUSR2}
"""The signals that make an engine hang, by the way of hanging."""

_STALL: Final = signal.SIGRTMIN + 3
"""A signal that runs libc's `pause`. The receiving thread stays in `pause`."""


class SessionThatStalls(libtorrent_session.LibtorrentSession):
    """A session that knows its network thread: the last thread that libtorrent starts."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        before = _threads()
        super().__init__(*args, **kwargs)
        network = max(_threads() - before)
        libc = ctypes.CDLL(None)
        signal.signal(SIGNALS["network"], lambda *_: libc.tgkill(os.getpid(), network, _STALL))


def _threads() -> set[int]:
    return {int(task.name) for task in Path("/proc/self/task").iterdir()}


def install() -> None:
    """Installs signal handlers that make this process hang."""
    assert threading.current_thread() is threading.main_thread()
    libc = ctypes.CDLL(None)
    libc.signal.argtypes = [ctypes.c_int, ctypes.c_void_p]
    libc.signal.restype = ctypes.c_void_p
    libc.signal(_STALL, ctypes.cast(libc.pause, ctypes.c_void_p))
    signal.signal(SIGNALS["lock"], lambda *_: ctypes.PyDLL(None).sleep(1000))
    libtorrent_session.LibtorrentSession = SessionThatStalls  # type: ignore[misc]  # the engine imports it later


if __name__ == "__main__":
    install()
    main()
