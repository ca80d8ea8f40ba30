"""Mounts: what is mounted where, as /proc/self/mountinfo has it, and which of them a path lies on.

Reading it never waits for a disk, so a hung network mount does not hang who asks.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

MOUNTINFO: Final = Path("/proc/self/mountinfo")

Mounts = Mapping[str, str]
"""What is mounted, by mount point: an identity that another file system mounted there would not have."""

_OCTAL: Final = re.compile(r"\\([0-7]{3})")


def parse(mountinfo: str) -> dict[str, str]:
    """The mounts in a mountinfo file (proc_pid_mountinfo(5)). Of several on one mount point the last hides the rest."""
    found = {}
    for line in mountinfo.splitlines():
        fields = line.split(" ")
        if len(fields) > 4:
            mount_id, _, device, root, point = fields[:5]
            found[_OCTAL.sub(lambda match: chr(int(match[1], 8)), point)] = f"{mount_id} {device} {root}"
    return found


def current() -> dict[str, str]:
    """The mounts that this process sees now. Raises OSError."""
    return parse(MOUNTINFO.read_text(errors="surrogateescape"))


def mount_point_of(path: str, mounts: Mounts) -> str:
    """The mount point that a path lies on, whether or not it exists; `/` where none is known.

    Args:
        path: absolute, in normal form, symbolic links resolved.
    """
    while path != "/" and path not in mounts:
        path = path.rpartition("/")[0] or "/"
    return path
