"""Recycles replaced files: new content overwrites them, and no new file is created.

Before ext4 allocates an inode, it scans past every inode that was deleted in the last five seconds. Each change of a
record deletes an inode. After a few thousand changes, creating or deleting a file takes the same time as syncing a
file.
"""

import contextlib
import os
import stat
from collections import deque
from pathlib import Path
from typing import Final

REPLACED_MIN: Final = 8
"""A file is overwritten only after this number of other files were replaced."""
RECYCLED_MAX: Final = REPLACED_MIN + 128
"""The maximum number of kept files. It suffices for the largest group of a `DurableWriter`."""

_AS_MADE: Final = stat.S_IFREG | 0o600


class Recycler:
    """Keeps the most recently replaced files of one directory, under temporary names. Not thread-safe.

    The recycler overwrites a file only after `REPLACED_MIN` others were replaced. So a process that was reading the
    file has had time to finish.

    A file is reused only if nobody else can use it. The file must have no other hard link, for example of a backup. It
    must have the mode and the owner of a new file.

    Args:
        directory: the directory of the files.
        prefix, suffix: the start and the end of each temporary name.
    """

    def __init__(self, directory: Path, prefix: str, suffix: str) -> None:
        self._directory = str(directory)
        self._prefix = prefix
        self._suffix = suffix
        self._kept: deque[str] = deque()
        self._number = 0

    def keep(self, path: str) -> str | None:
        """Gives a temporary name to a file that is about to be replaced.

        Returns the name, or None if the file cannot be reused.

        The caller has to pass the name to `hand_in`, or to delete the file.
        """
        if os.path.dirname(path) != self._directory:  # noqa: PTH120  # pathlib takes longer than the system calls
            return None
        name = f"{self._directory}/{self._prefix}{self._number}{self._suffix}"
        self._number += 1  # also on failure: an earlier run may have left a file of this name
        try:
            if not _is_ours(os.lstat(path)):
                return None
            os.link(path, name, follow_symlinks=False)
        except OSError:  # for example, there is no such file, or the file system has no hard links
            return None
        return name

    def hand_in(self, name: str) -> None:
        """Accepts a file for reuse, once its replacement is durable."""
        self._kept.append(name)
        if len(self._kept) > RECYCLED_MAX:
            delete(self._kept.popleft())

    def reuse(self, directory: str, size: int) -> tuple[str, int] | None:
        """Takes a file to overwrite and sets its size.

        Returns its temporary name and a descriptor, or None if no file is left.
        """
        while len(self._kept) >= REPLACED_MIN and directory == self._directory:
            name = self._kept.popleft()
            try:
                fd = os.open(name, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            except OSError:  # for example, the process has no descriptors left
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
    """Deletes a temporary file. If the deletion fails, the next start deletes the file."""
    with contextlib.suppress(OSError):
        os.unlink(name)  # noqa: PTH108  # this runs thousands of times a second


def _is_ours(found: os.stat_result) -> bool:
    return found.st_mode == _AS_MADE and found.st_nlink == 1 and found.st_uid == os.geteuid()
