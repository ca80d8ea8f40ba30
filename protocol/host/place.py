"""A place: the identity of a directory and its mount, as a string that both processes compare.

Landlock applies to directories, not to paths. Another directory may appear at a path, for example when a disk is
mounted there. Then the place of that path changes. The sandbox of an engine that was started earlier does not allow
access to the new directory.
"""

import ctypes
import os
import struct
from typing import Final

_AT_FDCWD: Final = -100
_AT_SYMLINK_NOFOLLOW: Final = 0x100
_AT_NO_AUTOMOUNT: Final = 0x800
_AT_EMPTY_PATH: Final = 0x1000
_STATX_BASIC: Final = 0x7FF
_STATX_MNT_ID: Final = 0x1000
_STATX_MNT_ID_UNIQUE: Final = 0x4000
"""Requests a mount id that is never reused until reboot (Linux 6.8). The older kind of id may be reused."""
_ATTR_MOUNT_ROOT: Final = 0x2000
_SIZE: Final = 256
_ATTRIBUTES, _INODE, _DEVICE, _MOUNT = 8, 32, 136, 144
"""Byte offsets of the members of `struct statx` that are read."""

_libc: Final = ctypes.CDLL(None, use_errno=True)


def place_at(path: str) -> str | None:
    """The place at a path; None if the path cannot be reached. Symbolic links are not followed."""
    return _place(_AT_FDCWD, os.fsencode(path), _AT_SYMLINK_NOFOLLOW | _AT_NO_AUTOMOUNT)


def place_of(fd: int) -> str | None:
    """The place of the directory that a descriptor refers to."""
    return _place(fd, b"", _AT_EMPTY_PATH)


def is_mount(place: str) -> bool:
    """Whether a place is a mount point. A file system, or a part of it, is mounted at a mount point."""
    return place.endswith(_MOUNTED)


_MOUNTED: Final = " mounted"


def _place(fd: int, path: bytes, flags: int) -> str | None:
    if not hasattr(_libc, "statx"):  # an old C library: only the device identifies the mount
        try:
            status = os.lstat(path) if path else os.fstat(fd)
        except OSError:
            return None
        return f"0 {os.major(status.st_dev)}:{os.minor(status.st_dev)} {status.st_ino}"
    found = ctypes.create_string_buffer(_SIZE)
    if _libc.statx(fd, path, flags, _STATX_BASIC | _STATX_MNT_ID | _STATX_MNT_ID_UNIQUE, found) != 0:
        return None
    (attributes,) = struct.unpack_from("=Q", found, _ATTRIBUTES)
    (inode,) = struct.unpack_from("=Q", found, _INODE)
    major, minor = struct.unpack_from("=II", found, _DEVICE)
    (mount,) = struct.unpack_from("=Q", found, _MOUNT)
    return f"{mount} {major}:{minor} {inode}" + (_MOUNTED if attributes & _ATTR_MOUNT_ROOT else "")
