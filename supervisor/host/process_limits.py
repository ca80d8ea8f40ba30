"""Sets the resource limits of this process, which its engines inherit, and resets state that it has inherited."""

import contextlib
import os
import resource
import signal
import stat
from typing import Final

DESCRIPTORS_MIN: Final = 256
"""The minimum number of descriptors. An idle supervisor has 40 open, and needs one more for each client and file write.

ZeroMQ aborts the process if there is no descriptor left for a connection.
"""


class TooFewDescriptors(Exception):
    """The limit of open files is too low for a service; the message has the remedy."""


def prepare(*, core_dumps: bool) -> None:
    """Raises the limit of open descriptors, turns core dumps off unless wanted, and corrects the umask.

    libtorrent derives its limits of connections and files from the number of descriptors. A core dump of the engine may
    be as large as its memory, and a crash loop would make many dumps. No privilege is needed for any of this.

    A umask that clears the owner's bits would make files that this user cannot open again.

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
