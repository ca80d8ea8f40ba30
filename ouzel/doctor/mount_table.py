"""The mounts with their file system types and options, from a mountinfo file."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from protocol.host.mounts import mount_point_of

_OCTAL: Final = re.compile(r"\\([0-7]{3})")


class MountRow(NamedTuple):
    """One mount.

    Fields:
        point: the mount point.
        device: the device number, `major:minor`.
        kind: the type of the file system, such as `ext4`.
        source: the device, or the server.
        read_only: whether the mount or its file system is read-only.
    """

    point: str
    device: str
    kind: str
    source: str
    read_only: bool


def parse(mountinfo: str) -> dict[str, MountRow]:
    """Parses a mountinfo file (proc_pid_mountinfo(5)). Of several mounts at the same mount point, the last counts."""
    found = {}
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        fields, last = before.split(" "), after.split(" ")
        if len(fields) < 6 or len(last) < 3:
            continue
        point = unescaped(fields[4])
        read_only = "ro" in fields[5].split(",") or "ro" in last[2].split(",")
        found[point] = MountRow(point, fields[2], last[0], unescaped(last[1]), read_only)
    return found


def read(path: Path) -> dict[str, MountRow]:
    """Reads a mountinfo file. Raises OSError."""
    return parse(path.read_text(errors="surrogateescape"))


def mount_of(path: str, mounts: Mapping[str, MountRow]) -> MountRow | None:
    """The mount that a path is on. None if there is no mount at all.

    The function resolves symbolic links, and may hang with the disk.
    """
    return mounts.get(mount_point_of(os.path.realpath(path), dict.fromkeys(mounts, "")))


def unescaped(text: str) -> str:
    """A name with its octal escapes replaced."""
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), text)
