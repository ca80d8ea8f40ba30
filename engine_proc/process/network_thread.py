"""The CPU time of libtorrent's network thread. A session uses this thread for all work without disk accesses."""

import os
from pathlib import Path
from typing import Final

_TASKS: Final = Path("/proc/self/task")
_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_UTIME: Final = 11
"""The index of the user time in `stat`, counted after the name in brackets (proc(5)). The system time follows."""


def threads() -> frozenset[int]:
    """The ids of this process's threads; empty if the ids cannot be read."""
    try:
        return frozenset(int(each) for each in os.listdir(_TASKS))  # noqa: PTH208  # only the names are needed
    except OSError:
        return frozenset()


class NetworkThread:
    """The network thread of a session that was just created.

    libtorrent does not name its threads, but creates the network thread last.

    Args:
        before: the threads before the session was created.
    """

    def __init__(self, before: frozenset[int]) -> None:
        self._tid = max(threads() - before, default=None)

    def cpu_s(self) -> float | None:
        """The CPU time that the thread has used so far, in seconds; None if unknown."""
        if self._tid is None:
            return None
        try:
            stat = (_TASKS / str(self._tid) / "stat").read_bytes()
        except OSError:
            return None
        user, system = stat.rpartition(b")")[2].split()[_UTIME : _UTIME + 2]
        return (int(user) + int(system)) / _TICKS_PER_S
