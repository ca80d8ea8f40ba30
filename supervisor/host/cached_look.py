"""What the kernel has in memory of a path: a look that reads no disk, wakes none up, and waits for none.

openat2(2) with RESOLVE_CACHED (Linux 5.12) goes along a path only as far as that takes no I/O. Where it does not lead
on, the nearest directory above that it leads to tells by its time of change whether a name was removed from it lately.
"""

import ctypes
import errno
import os
import stat
import struct
from enum import Enum
from typing import Final

_OPENAT2: Final = 437
"""Its number on all architectures that Linux 5.12 runs on, but alpha's."""
_RESOLVE_CACHED: Final = 0x20
_HOW: Final = struct.pack("=QQQ", os.O_PATH | os.O_CLOEXEC, 0, _RESOLVE_CACHED)
_AT_FDCWD: Final = -100
_AT_EMPTY_PATH: Final = 0x1000
_AT_STATX_DONT_SYNC: Final = 0x4000
_STATX_WANTED: Final = 0x281
"""Type, size and time of change."""
_STATX_BYTES: Final = 256
_SIZE: Final = struct.Struct("=Q")
_SECONDS: Final = struct.Struct("=q")
_MODE: Final = struct.Struct("=H")
_MODE_AT, _SIZE_AT, _CTIME_AT = 28, 40, 96
"""Where `struct statx` has them."""

_libc: Final = ctypes.CDLL(None, use_errno=True)


class Sight(Enum):
    """What is known of a file without asking the disk."""

    THERE = "there"
    GONE = "gone"
    """It is not there, is no file, or is shorter than it should be."""
    DOUBTFUL = "doubtful"
    """Nothing is known of it, and something was changed above it lately: the disk is awake."""
    UNKNOWN = "unknown"


def look(path: str, size: int, changed_since: float) -> Sight:
    """What is known of a file that should have so many bytes.

    Args:
        changed_since: seconds since 1970; a directory above that was changed later makes an unknown file doubtful.
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
    """The size, the time of the last change in seconds since 1970, and the mode; or the errno."""
    if not hasattr(_libc, "statx"):
        return errno.ENOSYS
    fd = _libc.syscall(_OPENAT2, _AT_FDCWD, os.fsencode(path), _HOW, len(_HOW))
    if fd < 0:
        return ctypes.get_errno()
    try:
        found = ctypes.create_string_buffer(_STATX_BYTES)
        if _libc.statx(fd, b"", _AT_EMPTY_PATH | _AT_STATX_DONT_SYNC, _STATX_WANTED, found) != 0:
            return ctypes.get_errno()
        [size], [changed], [mode] = (
            each.unpack_from(found, at) for each, at in ((_SIZE, _SIZE_AT), (_SECONDS, _CTIME_AT), (_MODE, _MODE_AT))
        )
        return size, float(changed), mode
    finally:
        os.close(fd)
