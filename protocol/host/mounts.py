"""Reads the mounts from /proc/self/mountinfo, and finds the mount that a path is on.

Reading mountinfo never blocks on a disk, so a hung network mount does not hang the caller.
"""

import os
import re
import select
from collections.abc import Mapping
from pathlib import Path
from typing import Final

MOUNTINFO: Final = Path("/proc/self/mountinfo")

Mounts = Mapping[str, str]
"""The identity of each mount, by mount point. Another file system at the same mount point has another identity."""

_OCTAL: Final = re.compile(r"\\([0-7]{3})")


def parse(mountinfo: str) -> dict[str, str]:
    """Parses a mountinfo file (proc_pid_mountinfo(5)). Of several mounts at the same mount point, the last counts."""
    found = {}
    for line in mountinfo.splitlines():
        fields = line.split(" ")
        if len(fields) > 4:
            mount_id, _, device, root, point = fields[:5]
            found[_OCTAL.sub(lambda match: chr(int(match[1], 8)), point)] = f"{mount_id} {device} {root}"
    return found


class MountTable:
    """Caches the mounts that this process sees, and reads them again only if the kernel reports a change.

    The kernel formats mountinfo for each read. With some dozen mounts, a read takes more time than all other steps of
    adding a torrent.
    """

    def __init__(self) -> None:
        # The kernel reports changes since the file was opened, so no change between two reads is missed.
        self._fd = os.open(MOUNTINFO, os.O_RDONLY | os.O_CLOEXEC)
        self._changes = select.poll()
        self._changes.register(self._fd, select.POLLPRI)
        self._mounts = self.read()

    def fileno(self) -> int:
        """The descriptor to poll. It has POLLPRI if any process has changed the mounts since the last read."""
        return self._fd

    def current(self) -> Mounts:
        """The present mounts. They come from the cache if no mount has changed. Raises OSError."""
        if self._changes.poll(0):
            self._mounts = self.read()
        return self._mounts

    def read(self) -> Mounts:
        """Reads the present mounts without the cache. Raises OSError."""
        os.lseek(self._fd, 0, os.SEEK_SET)
        content = b""
        while chunk := os.read(self._fd, 1 << 16):
            content += chunk
        return parse(content.decode(errors="surrogateescape"))

    def close(self) -> None:
        """Closes the descriptor of the mountinfo file."""
        os.close(self._fd)


def mount_point_of(path: str, mounts: Mounts) -> str:
    """The mount point of a path, whether or not the path exists; `/` if none is known.

    Args:
        path: an absolute path in normal form, with symbolic links resolved.
    """
    while path != "/" and path not in mounts:
        path = path.rpartition("/")[0] or "/"
    return path
