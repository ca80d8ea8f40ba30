"""Sets the resource limits of this process, and resets inherited state. Engines inherit the limits."""

import contextlib
import os
import resource
import signal
import stat
from typing import Final

DESCRIPTORS_MIN: Final = 256
"""The minimum number of descriptors. An idle supervisor has 40 open descriptors. Each client and each file write needs
one more.

If there is no free descriptor for a connection, ZeroMQ aborts the process.
"""


class TooFewDescriptors(Exception):
    """The limit of open files is too low for a service. The message has the remedy."""


def prepare(*, core_dumps: bool) -> None:
    """Raises the limit of open descriptors, turns core dumps off by default, and corrects the umask.

    libtorrent derives its limits of connections and files from the number of descriptors. A core dump of the engine may
    have the size of its memory. A crash loop would make many dumps. These steps need no privilege.

    If a umask cleared the owner's bits, this user could not open new files again.

    Args:
        core_dumps: whether to leave the limit on core dumps as it is.

    Raises:
        TooFewDescriptors: the limit is too low for a service.
    """
    # If SIGCHLD is inherited as ignored, the kernel reaps children itself, and the cause of a death is lost.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):  # "unlimited" may be more than the kernel allows
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
