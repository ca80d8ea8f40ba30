"""Ouzel's own directories and the download roots: existence, owner, permissions, and file system."""

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ouzel.doctor.finding import Finding, error, info, ok, warning
from ouzel.doctor.mount_table import MountRow, mount_of
from ouzel.doctor.target import Target, user_name
from protocol.host import private_dir

NETWORK: Final = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "ceph", "9p", "afs", "glusterfs", "lustre", "virtiofs"),
        *("fuse.sshfs", "fuse.rclone", "fuse.glusterfs", "fuse.s3fs", "fuse.davfs", "fuse.ceph"),
    }
)
MEMORY: Final = frozenset({"tmpfs", "ramfs"})
LAYERS: Final = frozenset({"overlay", "aufs", "fuse.fuse-overlayfs"})
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


def own_directories(target: Target, path: str) -> Iterator[Finding]:
    """One of Ouzel's own directories: whether it exists, belongs to the daemon's user, and is private."""
    key = next(key for key, each in target.paths.own().items() if each == path)
    try:
        found = Path(path).stat()
    except FileNotFoundError:
        if target.pid is None:
            yield info(f"{key} does not exist", "nothing: the daemon makes it when it starts")
        else:
            yield error(f"{key} does not exist, and the daemon runs", "mount its disk, or restore it from a backup")
        return
    if not stat.S_ISDIR(found.st_mode):
        yield error(f"{key} is not a directory", f"move {path} away, or choose another {key} in [paths]")
        return
    problems = list(_permissions(target, key, path, found))
    yield from problems
    mount = mount_of(path, target.mounts)
    if mount is not None and mount.read_only:
        yield error(
            f"{key} is on {mount.point}, which is mounted read-only",
            f"look in `dmesg` for disk errors, then `mount -o remount,rw {mount.point}`",
        )
    elif not problems:
        mode = stat.S_IMODE(found.st_mode)
        yield ok(f"{key} belongs to {user_name(found.st_uid)}, mode {mode:04o}{_on(mount)}")
    if mount is not None:
        yield from _file_system(key, mount)


def download_roots(target: Target, path: str) -> Iterator[Finding]:
    """One download root: whether it exists, and whether the daemon's user may write to it."""
    try:
        found = Path(path).stat()
    except FileNotFoundError:
        if target.pid is None:
            yield info("the download root does not exist", "mount its disk; the daemon makes a missing directory")
        else:
            yield error("the download root does not exist", "mount its disk, or make the directory")
        return
    mount = mount_of(path, target.mounts)
    if not stat.S_ISDIR(found.st_mode):
        yield error("the download root is not a directory", "choose another one in [paths] download_roots")
    elif mount is not None and mount.read_only:
        remedy = f"look in `dmesg` for disk errors, then `mount -o remount,rw {mount.point}`"
        yield error(f"the download root is on {mount.point}, which is mounted read-only", remedy)
    elif not may_write(target.uid, found):
        yield error(
            f"{target.user} cannot write to it: it belongs to {user_name(found.st_uid)}, "
            f"mode {stat.S_IMODE(found.st_mode):04o}",
            f"`chown {target.user} {path}`, or give the daemon's group write access",
        )
    else:
        yield ok(f"{target.user} can write to it{_on(mount)}")
    if mount is not None and mount.kind in MEMORY:
        seen = f"the download root is in memory ({mount.kind}): a reboot deletes all downloads"
        yield warning(seen, "use a directory on a disk")
    elif mount is not None and mount.kind in NETWORK:
        yield info(
            f"the download root is on a network file system ({mount.kind} from {mount.source})",
            "mount it with time limits, so that a lost server gives errors and does not hang",
        )
    if ignores_case(Path(path)):
        seen = "the file system ignores the case of names: files whose names differ only in case share one file"
        yield info(seen, "use a file system that distinguishes case, such as ext4 or xfs")


def may_write(uid: int, found: os.stat_result) -> bool:
    """Whether a user may add entries to a directory, by its mode.

    The groups of other users are not known. If the directory's group may write, the user counts as a member.
    """
    if uid == 0:
        return True
    wanted = 0o3
    if found.st_uid == uid:
        return found.st_mode >> 6 & wanted == wanted
    if uid == os.geteuid() and found.st_gid not in {os.getegid(), *os.getgroups()}:
        return found.st_mode & wanted == wanted
    return found.st_mode >> 3 & wanted == wanted or found.st_mode & wanted == wanted


def ignores_case(directory: Path) -> bool:
    """Whether a directory ignores case. Looks for an entry by its name in the other case, and creates nothing."""
    with contextlib.suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            other = entry.name.swapcase()
            if other != entry.name:
                with contextlib.suppress(OSError):
                    return (directory / other).samefile(directory / entry.name)
                return False
    return False


def _permissions(target: Target, key: str, path: str, found: os.stat_result) -> Iterator[Finding]:
    if found.st_uid != target.uid:
        yield error(
            f"{key} belongs to {user_name(found.st_uid)}, and the daemon's user is {target.user}",
            f"`chown -R {target.user} {path}`, or choose another {key}",
        )
    elif found.st_mode & _OTHERS_WRITE and not found.st_mode & stat.S_ISVTX:
        yield error(
            f"others can write to {key}, its mode is {stat.S_IMODE(found.st_mode):04o}",
            f"`chmod go-w {path}`, and look what is in it",
        )
    elif target.uid == os.geteuid():
        try:
            private_dir.check_dir(Path(path))
        except PermissionError as problem:
            if not found.st_mode & stat.S_ISVTX:  # the daemon restricts such a directory when it starts
                yield error(
                    f"{problem.filename}: {problem.strerror}", f"then start the daemon; {key} has to be private"
                )


def _file_system(key: str, mount: MountRow) -> Iterator[Finding]:
    kind = mount.kind
    if key == "resume_dir" and kind in MEMORY:
        yield error(
            f"resume_dir is in memory ({kind} at {mount.point}): a reboot deletes all torrents",
            "use a resume_dir on a disk, and copy the directory there while the daemon is stopped",
        )
    elif key == "state_dir" and kind in MEMORY:
        yield warning(f"state_dir is in memory ({kind}): a reboot deletes the crash reports", "use a disk")
    elif kind in NETWORK:
        yield warning(
            f"{key} is on a network file system ({kind} from {mount.source}): locks, sockets and syncs may not work",
            f"use a {key} on a local disk",
        )
    elif kind in LAYERS and key != "runtime_dir":
        yield warning(
            f"{key} is in the writable layer of a container ({kind}): it is lost with the container",
            f"put {key} on a volume",
        )


def _on(mount: MountRow | None) -> str:
    return "" if mount is None else f", {mount.kind} at {mount.point}"
