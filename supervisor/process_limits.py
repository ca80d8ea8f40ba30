"""Limits of this process, which its engines inherit."""

import contextlib
import os
import resource
import stat


def prepare(*, core_dumps: bool) -> None:
    """Allows as many open descriptors as this user may have, no core dumps unless wanted, and files that we can use.

    libtorrent goes by the number of descriptors when it decides how many connections and files it keeps open. A dump
    of the engine may be as large as its memory, and there would be one for each crash of a loop. It needs no privilege.

    A umask that takes the owner's bits away would leave files that this user cannot open again.

    Args:
        core_dumps: the limit stays as it was given.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):  # "unlimited" may be more than the kernel gives
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    os.umask(os.umask(0) & ~stat.S_IRWXU)
    if not core_dumps:
        _, hard = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
