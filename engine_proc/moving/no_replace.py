"""Renames that never replace a file."""

import ctypes
import errno
import os
from typing import Final

_AT_FDCWD: Final = -100
_RENAME_NOREPLACE: Final = 1
_UNSUPPORTED: Final = frozenset({errno.EINVAL, errno.ENOSYS, errno.EPERM, errno.EOPNOTSUPP})
"""The errors of kernels and file systems without such a rename."""

_renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)


def rename(source: str, target: str) -> None:
    """Renames a file. Raises FileExistsError if the target exists, and otherwise the errors of `os.rename`.

    Some kernels and file systems lack such a rename. There, `rename` takes two steps. If another program makes the
    target between the steps, the target may be replaced.
    """
    if _renameat2 is not None:
        paths = os.fsencode(source), os.fsencode(target)
        if _renameat2(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _RENAME_NOREPLACE) == 0:
            return
        number = ctypes.get_errno()
        if number not in _UNSUPPORTED:
            raise OSError(number, os.strerror(number), source, None, target)
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), source, None, target)
    os.rename(source, target)  # noqa: PTH104  # paths are texts here
