"""The verdict on a check of the resume directory. Pure.

The lock identifies the directory: `.lock` in it is the very file that this supervisor holds locked. The path can come
to lead elsewhere while the service runs, when a disk is unmounted, or a directory renamed or made anew. Then nothing is
written until it is clear that this is meant to be the resume directory. Checks are cheap; what only a write shows, such
as free space, is tested by a probe, and probes are made only in doubt.
"""

from enum import Enum
from typing import Final, NamedTuple

SLOW_S: Final = 2.0
"""A write that takes longer is reported."""

ENOUGH_BYTES: Final = 64 * 1024
"""With less free space, a probe decides."""


class Home(NamedTuple):
    """Where the directory was when it was locked: its device, and whether a file system is mounted on it."""

    device: int
    mounted: bool


class Seen(NamedTuple):
    """The state of the directory in a check.

    Fields:
        home: where the directory is that is there now.
        lock: its lock file as `device:inode`, None if it has none.
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
    UNMOUNTED = "is not the directory of before, but what is there while its file system is not mounted"


def judge(home: Home, lock: str, seen: Seen) -> Verdict:
    """The verdict on a check.

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
    return Verdict.REPLACED if seen.lock is not None and not home.mounted else Verdict.UNMOUNTED


def slowness(waiting_since: float | None, now: float) -> str | None:
    """The problem, if something has waited for the disk for too long. Times are monotonic seconds."""
    if waiting_since is None or now - waiting_since <= SLOW_S:
        return None
    return (
        "the resume directory is slow: something has waited for it for more than two seconds; its disk or server is"
        " overloaded, or fails: see iostat, and the kernel's log"
    )
