"""The CPU time of libtorrent's network thread. A session uses this thread for all work without disk accesses.

The time is read from the thread's clock, and never from `/proc/self/task/TID`. If a process has opened a file below
that directory, its parent's `waitid` takes longer. On Linux 6.18 `waitid` took 15 to 90 ms of CPU time, which delays
failover. Listing the directory `task` has no such cost.
"""

import os
import time
from pathlib import Path
from typing import Final

_TASKS: Final = Path("/proc/self/task")
_OF_A_THREAD: Final = 4 | 2
"""The lower bits of a clock's number: the clock of one thread, which counts its user and system time."""


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
            return time.clock_gettime((~self._tid << 3) | _OF_A_THREAD)  # as pthread_getcpuclockid(3) computes it
        except OSError:  # the thread has ended
            return None
