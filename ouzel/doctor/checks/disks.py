"""The disks: missing mounts, free space, and free inodes."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ouzel.doctor.finding import Finding, denied, error, ok, warning
from ouzel.doctor.mount_table import mount_of, unescaped
from ouzel.doctor.target import Target

MIB: Final = 1024 * 1024
HELD_BELOW: Final = 16 * MIB
"""The daemon holds downloads below this free space."""

LOW_SPACE: Final = 1024 * MIB
LOW_SHARE: Final = 0.02
LOW_INODES: Final = 1000
REMOVABLE: Final = ("/mnt", "/media", "/run/media")
"""The directories below which disks are mounted by custom."""


def mounts(target: Target, path: str) -> Iterator[Finding]:
    """Whether the disk of a directory is mounted."""
    real = os.path.realpath(path)
    wanted = [point for point in fstab_points(target.fstab) if point != "/" and Path(real).is_relative_to(point)]
    missing = [point for point in wanted if point not in target.mounts]
    mount = mount_of(path, target.mounts)
    if missing:
        point = max(missing, key=len)
        yield error(
            f"{target.fstab} has a mount at {point}, and nothing is mounted there",
            f"`mount {point}`, and look in `dmesg` if that fails; until then files would be written to the wrong disk",
        )
    elif mount is not None and mount.point == "/" and real.startswith(tuple(f"{each}/" for each in REMOVABLE)):
        yield warning(
            "it is on the disk of the root file system, although disks are mounted there by custom: "
            "its disk may not be mounted",
            "mount the disk; if there is no such disk, choose a directory elsewhere, such as /srv",
        )
    elif mount is not None:
        yield ok(f"it is on {mount.source}, {mount.kind} at {mount.point}")


def space(target: Target, path: str) -> Iterator[Finding]:
    """The free space and the free inodes of a directory's file system."""
    existing = _existing(path)
    try:
        found = os.statvfs(existing)
    except OSError as problem:
        yield denied(existing, problem)
        return
    free, size = found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize
    seen = f"{_shown(free)} of {_shown(size)} are free"
    remedy = "delete files, or use a larger disk; reserved blocks of ext4 (`tune2fs -m`) count as used"
    own = path in target.paths.own().values()
    if size and free < (MIB if own and target.paths.runtime_dir == path else HELD_BELOW):
        yield error(f"the disk is full: {seen}", remedy)
    elif size and free < min(LOW_SPACE, LOW_SHARE * size):
        yield warning(f"the disk is almost full: {seen}", remedy)
    else:
        yield ok(seen)
    if found.f_files and found.f_favail < LOW_INODES:
        seen = f"{found.f_favail} of {found.f_files} inodes are free: no more files can be made"
        remedy = "delete small files, or use a file system with more inodes"
        few = found.f_favail < 10
        yield error(seen, remedy) if few else warning(seen, remedy)


def missing_storage(target: Target) -> Iterator[Finding]:
    """Torrents that wait for a disk or for their files, as the daemon counts them."""
    if target.stats is None:
        return
    count = target.stats.torrents.get("missing_storage", 0)
    if count:
        yield warning(
            f"{count} torrents are in state missing_storage: their disk or their files are not there",
            "mount the disk, or restore the files; `ouzel ls --state missing_storage` lists the torrents",
        )
    else:
        yield ok("no torrent waits for a disk")


def fstab_points(fstab: Path) -> list[str]:
    """The mount points that should always be mounted, from a file in the form of fstab(5)."""
    try:
        lines = fstab.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return []
    rows = [line.split() for line in lines if not line.lstrip().startswith("#")]
    by_hand = {"noauto", "x-systemd.automount"}
    return [
        unescaped(row[1]).rstrip("/") or "/"
        for row in rows
        if len(row) >= 4 and row[1].startswith("/") and not by_hand & set(row[3].split(","))
    ]


def _existing(path: str) -> str:
    """The path, or the nearest directory above that exists."""
    while path != "/" and not os.path.lexists(path):
        path = os.path.dirname(path)  # noqa: PTH120  # a str
    return path


def _shown(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"
