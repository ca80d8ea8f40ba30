"""Mounts, from /proc/self/mountinfo, and the mount that a path is on.

Reading it never blocks on a disk, so a hung network mount does not hang the caller.
"""

import os
import re
import select
from collections.abc import Mapping
from pathlib import Path
from typing import Final

MOUNTINFO: Final = Path("/proc/self/mountinfo")

Mounts = Mapping[str, str]
"""The mounts by mount point, each with an identity that another file system mounted there would not have."""

_OCTAL: Final = re.compile(r"\\([0-7]{3})")


def parse(mountinfo: str) -> dict[str, str]:
    """The mounts in a mountinfo file (proc_pid_mountinfo(5)). Of several on one mount point only the last counts."""
    found = {}
    for line in mountinfo.splitlines():
        fields = line.split(" ")
        if len(fields) > 4:
            mount_id, _, device, root, point = fields[:5]
            found[_OCTAL.sub(lambda match: chr(int(match[1], 8)), point)] = f"{mount_id} {device} {root}"
    return found


class MountTable:
    """The mounts that this process sees, read again only if the kernel reports a change.

    The kernel formats the text for each read, which with some dozen mounts takes longer than the rest of an add.
    """

    def __init__(self) -> None:
        # Changes are reported from the opening on, so none between two reads is missed.
        self._fd = os.open(MOUNTINFO, os.O_RDONLY | os.O_CLOEXEC)
        self._changes = select.poll()
        self._changes.register(self._fd, select.POLLPRI)
        self._mounts = self.read()

    def fileno(self) -> int:
        """Has POLLPRI when the mounts have changed since they were last read, by anybody."""
        return self._fd

    def current(self) -> Mounts:
        """The present mounts. Raises OSError."""
        if self._changes.poll(0):
            self._mounts = self.read()
        return self._mounts

    def read(self) -> Mounts:
        """The same, read in any case. Raises OSError."""
        os.lseek(self._fd, 0, os.SEEK_SET)
        content = b""
        while chunk := os.read(self._fd, 1 << 16):
            content += chunk
        return parse(content.decode(errors="surrogateescape"))

    def close(self) -> None:
        """Closes its descriptor."""
        os.close(self._fd)


def mount_point_of(path: str, mounts: Mounts) -> str:
    """The mount point of a path, whether or not the path exists; `/` if none is known.

    Args:
        path: absolute, in normal form, symbolic links resolved.
    """
    while path != "/" and path not in mounts:
        path = path.rpartition("/")[0] or "/"
    return path
