"""Limits of this process, which its engines inherit, and what it must not have inherited itself."""

import contextlib
import os
import resource
import signal
import stat
from typing import Final

DESCRIPTORS_MIN: Final = 256
"""An idle supervisor has 40 open, a busy one some more for each client and for each file that is being written.

ZeroMQ ends the process where one too few is left for a connection.
"""


class TooFewDescriptors(Exception):
    """This user may not open as many files as it takes; the message says what to do."""


def prepare(*, core_dumps: bool) -> None:
    """Allows as many open descriptors as this user may have, no core dumps unless wanted, and files that we can use.

    libtorrent goes by the number of descriptors when it decides how many connections and files it keeps open. A dump
    of the engine may be as large as its memory, and there would be one for each crash of a loop. It needs no privilege.

    A umask that takes the owner's bits away would leave files that this user cannot open again.

    Args:
        core_dumps: the limit stays as it was given.

    Raises:
        TooFewDescriptors: there could be no service.
    """
    # Where a parent ignores it, the kernel reaps children itself, and nobody hears how an engine died.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):  # "unlimited" may be more than the kernel gives
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed != resource.RLIM_INFINITY and allowed < DESCRIPTORS_MIN:
        raise TooFewDescriptors(
            f"no more than {allowed} files may be open at once, and it takes {DESCRIPTORS_MIN}; raise the hard limit "
            "(`ulimit -Hn`, or LimitNOFILE= of the unit)"
        )
    os.umask(os.umask(0) & ~stat.S_IRWXU)
    if not core_dumps:
        _, hard = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
