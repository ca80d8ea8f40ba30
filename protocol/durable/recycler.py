"""Recycles replaced files, so that new ones need not be made.

Ext4 scans past every inode that was deleted within the last five seconds before it allocates another one. Each change
of a record deletes one, and after a few thousand changes making a file takes as long as syncing it.
"""

import contextlib
import os
import stat
from collections import deque
from pathlib import Path
from typing import Final

RECYCLED_MAX: Final = 8

_AS_MADE: Final = stat.S_IFREG | 0o600


class Recycler:
    """Keeps the last replaced files of one directory, under temporary names. For one thread.

    A file is overwritten when `RECYCLED_MAX` more were replaced, so that a reader that had it open has had time. It is
    reused only if nobody else can use it: it has no other name, as in a backup of hard links, and has the mode and the
    owner of a new file.

    Args:
        directory: of the files.
        prefix, suffix: of the temporary names.
    """

    def __init__(self, directory: Path, prefix: str, suffix: str) -> None:
        self._directory = directory
        self._prefix = prefix
        self._suffix = suffix
        self._kept: deque[str] = deque()
        self._number = 0

    def keep(self, path: Path) -> str | None:
        """Gives a file that is about to be replaced a temporary name, and returns that; None if it cannot be reused.

        The caller has to hand it in, or to delete it.
        """
        if path.parent != self._directory:
            return None
        name = f"{self._directory}/{self._prefix}{self._number}{self._suffix}"
        self._number += 1  # also where that name is taken, as by a file that a service before could not delete
        try:
            if not _is_ours(os.lstat(path)):
                return None
            os.link(path, name, follow_symlinks=False)
        except OSError:  # as there is none, or the file system has no hard links
            return None
        return name

    def hand_in(self, name: str) -> None:
        """Hands in a file whose replacement is durable."""
        self._kept.append(name)
        if len(self._kept) > RECYCLED_MAX:
            delete(self._kept.popleft())

    def reuse(self, directory: Path, size: int) -> tuple[str, int] | None:
        """A file to overwrite, already of this size: its temporary name and a descriptor. None if there is none."""
        while len(self._kept) == RECYCLED_MAX and directory == self._directory:
            name = self._kept.popleft()
            try:
                fd = os.open(name, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            except OSError:  # as where the process is out of descriptors
                delete(name)
                continue
            try:
                if _is_ours(os.fstat(fd)):
                    os.ftruncate(fd, size)
                    return name, fd
            except OSError:
                pass
            os.close(fd)
            delete(name)
        return None

    def clear(self) -> None:
        """Deletes all recycled files."""
        while self._kept:
            delete(self._kept.popleft())


def delete(name: str) -> None:
    """Deletes a temporary file; if that fails, as on a read-only file system, the next start does it."""
    with contextlib.suppress(OSError):
        os.unlink(name)  # noqa: PTH108  # this runs thousands of times a second


def _is_ours(found: os.stat_result) -> bool:
    return found.st_mode == _AS_MADE and found.st_nlink == 1 and found.st_uid == os.geteuid()
