"""Replaces a resume directory as a whole.

The new directory is built beside the present one, under the name `<directory>.restoring`. Then the two directories are
exchanged in one step. After a kill at any moment, the path leads to one of the two directories, and that directory is
complete. The files of the new directory are synced together, before the exchange.

While the new directory is incomplete, it has the file `.incomplete`. The next restore deletes such a directory.
A directory `<directory>.restoring` without that file is complete. If it has records or damaged files, it is never
deleted, but kept under another name.
"""

import contextlib
import ctypes
import errno
import os
import shutil
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from protocol.durable.directory_lock import DirectoryLock
from protocol.durable.durable import fsync_dir
from protocol.durable.resume_dir import ResumeDir
from protocol.host import private_dir

_INCOMPLETE: Final = ".incomplete"
_AT_FDCWD: Final = -100
_RENAME_EXCHANGE: Final = 2
_UNSUPPORTED: Final = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})

_libc = ctypes.CDLL(None, use_errno=True)
_renameat2 = getattr(_libc, "renameat2", None)


class Staging:
    """The new content of a resume directory.

    The constructor locks the present directory, so that no daemon can use it.

    Raises:
        AlreadyLocked: a daemon uses the directory.
        OSError: a directory cannot be made or trusted.
    """

    def __init__(self, directory: Path) -> None:
        self._target = directory
        self._new = directory.with_name(f"{directory.name}.restoring")
        self._locks = contextlib.ExitStack()
        self._fd = -1
        try:
            private_dir.prepare(directory)
            self._lock(directory)
            self._begin()
        except BaseException:
            self._locks.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if (self._new / _INCOMPLETE).exists():
            shutil.rmtree(self._new, ignore_errors=True)
        self._locks.close()

    def add(self, name: str, content: bytes, modified: int) -> None:
        """Adds a file.

        Args:
            name: the path in the directory.
            modified: its modification time in seconds since 1970; 0 for now.
        """
        path = self._new / name
        if not self._inside(name):
            raise OSError(errno.EINVAL, "no file of a resume directory has this name", name)
        if path.parent != self._new and not path.parent.is_dir():
            private_dir.prepare(path.parent, parents=False)
            fsync_dir(self._new)
        # O_EXCL: no backup has a file twice.
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with open(fd, "wb", buffering=0) as file:
            rest = memoryview(content)
            while rest:
                rest = rest[file.write(rest) :]
            if modified:
                os.utime(fd, (modified, modified))

    def take_effect(self) -> Path | None:
        """Makes the new directory the resume directory.

        Returns the path to which the former directory was moved. None if the former directory had no records.

        If the method raises OSError, nothing has changed.
        """
        ResumeDir(self._new).make_engine_dir()
        self._sync()
        self._lock(self._new)
        (self._new / _INCOMPLETE).unlink()
        fsync_dir(self._new)
        try:
            _exchange(self._new, self._target)
        except OSError:
            (self._new / _INCOMPLETE).touch()
            raise
        fsync_dir(self._target.parent)
        return self._put_away()

    def _begin(self) -> None:
        self._put_away()
        if self._new.exists():
            shutil.rmtree(self._new)
        private_dir.prepare(self._new, parents=False)
        (self._new / _INCOMPLETE).touch()
        fsync_dir(self._new)
        self._fd = os.open(self._new, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._locks.callback(os.close, self._fd)

    def _put_away(self) -> Path | None:
        """Renames a complete directory that is in the way of the new directory. Deletes it if it has no records."""
        if not self._new.exists() or (self._new / _INCOMPLETE).exists():
            return None
        if is_empty(self._new):
            (self._new / _INCOMPLETE).touch()
            shutil.rmtree(self._new)
            return None
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        names = (f"{self._target.name}.replaced-{stamp}{suffix}" for suffix in ("", *(f".{n}" for n in range(1, 1000))))
        kept = next(path for name in names if not (path := self._target.with_name(name)).exists())
        self._new.rename(kept)
        fsync_dir(kept.parent)
        return kept

    def _lock(self, directory: Path) -> None:
        self._locks.callback(DirectoryLock(directory).close)

    def _inside(self, name: str) -> bool:
        parts = name.split("/")
        return len(parts) <= 2 and all(part and not part.startswith(".") for part in parts)

    def _sync(self) -> None:
        """Makes all files of the new directory durable at once. Raises OSError.

        The kernel reports all errors since the directory was opened.
        """
        if _libc.syncfs(self._fd) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(self._new))


def is_empty(directory: Path) -> bool:
    """Whether a resume directory has no records, and no damaged files. Raises OSError."""
    found = ResumeDir(directory)
    if found.torrents() or os.path.lexists(found.session):
        return False
    for aside in (found.damaged, found.staged):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            if os.listdir(aside):  # noqa: PTH208  # only their number matters
                return False
    return True


def _exchange(one: Path, other: Path) -> None:
    """Exchanges two directories in one step. Raises OSError."""
    number = errno.ENOSYS
    if _renameat2 is not None:
        paths = os.fsencode(one), os.fsencode(other)
        if _renameat2(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _RENAME_EXCHANGE) == 0:
            return
        number = ctypes.get_errno()
    if number in (errno.EBUSY, errno.EXDEV):
        raise OSError(number, "it is a mount point, so it cannot be replaced; choose a directory below it", str(other))
    if number in _UNSUPPORTED and is_empty(other):
        # In this case nothing can be lost between the two steps.
        shutil.rmtree(other)
        one.rename(other)
        return
    if number in _UNSUPPORTED:
        why = "its file system cannot exchange two directories; move it away yourself, and restore again"
        raise OSError(number, why, str(other))
    raise OSError(number, os.strerror(number), str(other))
