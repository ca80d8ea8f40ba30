"""What to make of a look at the resume directory. Pure.

The directory is known by its lock: `.lock` in it is the very file that this supervisor holds locked. A path can come
to lead elsewhere while the service runs, when a disk is unmounted, or a directory renamed or made anew. Where it does,
nothing is written until it is clear that this is meant to be the resume directory. Looks are cheap; what only a write
can tell, such as whether there is space, is told by a probe, and probes are made only in doubt.
"""

from enum import Enum
from typing import Final, NamedTuple

SLOW_S: Final = 2.0
"""A write that takes longer is told of."""

ENOUGH_BYTES: Final = 64 * 1024
"""With less than this free, a probe has to tell."""


class Home(NamedTuple):
    """Where the directory was when it was locked: its device, and whether a file system is mounted right on it."""

    device: int
    mounted: bool


class Seen(NamedTuple):
    """What a look saw.

    Fields:
        home: where the directory that is there now is.
        lock: its lock file as `device:inode`, None where it has none.
    """

    home: Home
    lock: str | None
    read_only: bool
    free_bytes: int


class Verdict(Enum):
    """What a look says."""

    FINE = "fine"
    DOUBTFUL = "may not take writes"
    REPLACED = "is another directory than before"
    STRANGE = "is not the directory of before, but what is there while its file system is not mounted"


def judge(home: Home, lock: str, seen: Seen) -> Verdict:
    """What to make of a look.

    Args:
        home: where the directory was when it was locked.
        lock: the lock that is held, as `device:inode`.
    """
    if seen.lock == lock:
        return Verdict.DOUBTFUL if seen.read_only or seen.free_bytes < ENOUGH_BYTES else Verdict.FINE
    if seen.home.mounted or seen.home.device == home.device:
        return Verdict.REPLACED
    # On another device, and nothing is mounted on it: a mount point without its disk, unless it was a resume directory
    # before, as on a file system whose device number changes with each mount.
    return Verdict.REPLACED if seen.lock is not None and not home.mounted else Verdict.STRANGE


def slowness(waiting_since: float | None, now: float) -> str | None:
    """The problem, where something has waited for the disk for too long. Times are monotonic seconds."""
    if waiting_since is None or now - waiting_since <= SLOW_S:
        return None
    return (
        "the resume directory is slow: something has waited for it for more than two seconds; its disk or server is"
        " overloaded, or fails: see iostat, and the kernel's log"
    )
