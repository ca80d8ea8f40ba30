"""Limits of this process, which its engines inherit, and what it must not have inherited itself."""

import contextlib
import resource
import signal


def prepare(*, core_dumps: bool) -> None:
    """Allows as many open descriptors as this user may have, and no core dumps unless they are wanted.

    libtorrent goes by the number of descriptors when it decides how many connections and files it keeps open. A dump
    of the engine may be as large as its memory, and there would be one for each crash of a loop. It needs no privilege.

    Args:
        core_dumps: the limit stays as it was given.
    """
    # Where a parent ignores it, the kernel reaps children itself, and nobody hears how an engine died.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):  # "unlimited" may be more than the kernel gives
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if not core_dumps:
        _, hard = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
