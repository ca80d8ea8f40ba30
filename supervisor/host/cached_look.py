"""Checks a file in the kernel's caches only. So the check reads no disk, wakes no disk up, and never blocks.

openat2(2) with RESOLVE_CACHED (Linux 5.12) stops when it would need I/O. Then the nearest cached directory above the
file is examined. Its change time shows whether a name was removed there lately.
"""

import ctypes
import errno
import os
import stat
import struct
from enum import Enum
from typing import Final

_OPENAT2: Final = 437
"""The number of openat2(2) on all architectures of Linux 5.12 except alpha."""
_RESOLVE_CACHED: Final = 0x20
_HOW: Final = struct.pack("=QQQ", os.O_PATH | os.O_CLOEXEC, 0, _RESOLVE_CACHED)
_AT_FDCWD: Final = -100
_AT_EMPTY_PATH: Final = 0x1000
_AT_STATX_DONT_SYNC: Final = 0x4000
_STATX_WANTED: Final = 0x281
"""The mask of statx(2) for type, size and change time."""
_STATX_BYTES: Final = 256
_STATX: Final = struct.Struct("=28xH10xQ48xq")
"""The mode, the size, and the seconds of the change time, at their offsets in `struct statx`."""

_libc: Final = ctypes.CDLL(None, use_errno=True)


class Sight(Enum):
    """The state of a file according to the caches."""

    THERE = "there"
    GONE = "gone"
    """The file is missing, is not a regular file, or is shorter than it should be."""
    DOUBTFUL = "doubtful"
    """The file is not cached, and a directory above it was changed lately. So the disk is awake."""
    UNKNOWN = "unknown"


def check_cached(path: str, size: int, changed_since: float) -> Sight:
    """Checks a file that should have this size.

    Args:
        changed_since: a time in seconds since 1970. If a directory above an uncached file was changed later, the file
            is doubtful.
    """
    found = _cached(path)
    if isinstance(found, tuple):
        return Sight.THERE if stat.S_ISREG(found[2]) and found[0] >= size else Sight.GONE
    if found in (errno.ENOENT, errno.ENOTDIR):
        return Sight.GONE
    while found == errno.EAGAIN and path not in ("", "/"):
        path = path.rpartition("/")[0] or "/"
        found = _cached(path)
    if isinstance(found, tuple):
        return Sight.DOUBTFUL if found[1] >= changed_since else Sight.UNKNOWN
    return Sight.GONE if found == errno.ENOENT else Sight.UNKNOWN


def _cached(path: str) -> tuple[int, float, int] | int:
    """The size, the change time in seconds since 1970, and the mode. After an error, the errno."""
    if not hasattr(_libc, "statx"):
        return errno.ENOSYS
    fd = _libc.syscall(_OPENAT2, _AT_FDCWD, os.fsencode(path), _HOW, len(_HOW))
    if fd < 0:
        return ctypes.get_errno()
    try:
        found = ctypes.create_string_buffer(_STATX_BYTES)
        if _libc.statx(fd, b"", _AT_EMPTY_PATH | _AT_STATX_DONT_SYNC, _STATX_WANTED, found) != 0:
            return ctypes.get_errno()
        mode, size, changed = _STATX.unpack_from(found)
        return size, float(changed), mode
    finally:
        os.close(fd)
