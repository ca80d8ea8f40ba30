"""Judges a check of the resume directory. Pure.

The lock identifies the directory. This supervisor has locked the file `.lock` in the right directory. While the service
runs, the path may lead to another directory. The reasons are an unmounted disk, or a renamed or new directory. In that
case, nothing is written until it is certain that the new directory shall be the resume directory. Checks write nothing.
Some problems, such as a full disk, show only in a write. If a check is inconclusive, a probe is written.
"""

from enum import Enum
from typing import Final, NamedTuple

SLOW_S: Final = 2.0
"""The time after which an unfinished write is reported."""

ENOUGH_BYTES: Final = 64 * 1024
"""The minimum free space. If there is less, a probe decides whether the directory can be written."""


class Home(NamedTuple):
    """The location of a directory: the device, and whether the directory is a mount point."""

    device: int
    mounted: bool


class Seen(NamedTuple):
    """The state of the directory in a check.

    Fields:
        home: the location of the directory that is at the path now.
        lock: the directory's lock file as `device:inode`. None if the directory has no lock file.
    """

    home: Home
    lock: str | None
    read_only: bool
    free_bytes: int


class Verdict(Enum):
    """The verdict on a check of the resume directory.

    A message consists of the directory's path and the value of the verdict.
    """

    FINE = "fine"
    DOUBTFUL = "may not take writes"
    REPLACED = "is another directory than before"
    UNMOUNTED = "is another directory than before, probably since its file system is not mounted"


def judge(home: Home, lock: str, seen: Seen) -> Verdict:
    """Returns the verdict on a check.

    Args:
        home: the location of the directory when it was locked.
        lock: the held lock, as `device:inode`.
    """
    if seen.lock == lock:
        return Verdict.DOUBTFUL if seen.read_only or seen.free_bytes < ENOUGH_BYTES else Verdict.FINE
    if seen.home.mounted or seen.home.device == home.device:
        return Verdict.REPLACED
    # The directory is on another device, and is no mount point: probably its disk is unmounted. There is an exception:
    # if it has a lock file, and the first directory was no mount point either, then its file system has a device number
    # that changes with each mount.
    return Verdict.REPLACED if seen.lock is not None and not home.mounted else Verdict.UNMOUNTED


def slowness(waiting_since: float | None, now: float) -> str | None:
    """If a write or check waits for the disk for too long, the problem. Otherwise None. Times are monotonic seconds."""
    if waiting_since is None or now - waiting_since <= SLOW_S:
        return None
    return (
        "the resume directory is slow: a write or check has waited for more than two seconds; its disk or server is"
        " overloaded, or fails: see iostat, and the kernel's log"
    )
