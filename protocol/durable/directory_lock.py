"""A lock on a directory. It is held until all processes that inherited it have ended.

The lock is an `flock` on `.lock` in the directory. The kernel releases the lock when the last descriptor is closed. So
a crash leaves no stale lock. An orphaned engine still holds the lock, so the next supervisor cannot start.
"""

import contextlib
import errno
import fcntl
import os
import stat
import time
from pathlib import Path
from typing import Final

from protocol.durable.resume_dir import identity_of
from protocol.host import private_dir

LOCK: Final = ".lock"

PATIENCE_S: Final = 3.0
"""The time that an orphaned engine of the previous supervisor may take to exit."""

_POLL_S: Final = 0.02


class AlreadyLocked(Exception):
    """Another process has locked the directory.

    Fields:
        inherited: whether this process has locked the directory before, and released the lock. If so, an engine has
            inherited the lock and still holds the lock.
    """

    def __init__(self, directory: Path, holder: str) -> None:
        super().__init__(f"{directory} is in use by another ouzeld{f' (pid {holder})' if holder else ''}")
        self.directory = directory
        self.inherited = holder == str(os.getpid())


class DirectoryLock:
    """A lock that is acquired on construction. The constructor waits up to PATIENCE_S for orphaned engines.

    Fields:
        identity: the identity of the lock file, in the form of `ResumeDir.identity`.

    Raises:
        AlreadyLocked: another process has locked the directory.
        OSError: the directory is missing or not private, or `.lock` belongs to another user.
    """

    def __init__(self, directory: Path) -> None:
        self.fd = _open(directory)
        try:
            self._take(directory)
            self.identity = identity_of(os.fstat(self.fd))
        except (AlreadyLocked, OSError):
            self.close()  # an open descriptor would make this process's next attempt fail
            raise

    def close(self) -> None:
        """Releases the lock."""
        with contextlib.suppress(OSError):  # the descriptor is closed in any case
            os.close(self.fd)

    def _take(self, directory: Path) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not self._try():
            holder = os.pread(self.fd, 32, 0).decode("ascii", "replace").strip()
            if time.monotonic() > deadline or _alive(holder):
                raise AlreadyLocked(directory, holder)
            time.sleep(_POLL_S)
        os.ftruncate(self.fd, 0)
        os.pwrite(self.fd, f"{os.getpid()}\n".encode(), 0)

    def _try(self) -> bool:
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _open(directory: Path) -> int:
    """Opens or makes the lock file. Raises OSError if the file may belong to another user."""
    path = directory / LOCK
    above = private_dir.open_dir(directory)
    try:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        fd = os.open(path.name, flags, 0o600, dir_fd=above)
    except OSError as error:
        why = "is a symbolic link; remove it" if error.errno == errno.ELOOP else error.strerror
        raise OSError(error.errno, why, str(path)) from None
    finally:
        os.close(above)
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_nlink != 1:
            problem = "is no lock file of this user's, or has another name, too; remove it"
            raise PermissionError(errno.EPERM, problem, str(path))
        os.fchmod(fd, 0o600)
    except OSError:
        os.close(fd)
        raise
    return fd


def _alive(pid: str) -> bool:
    """Whether the supervisor with that pid still runs.

    If the pid was reused, the answer is wrong. A wrong answer affects only a message.
    """
    try:
        os.kill(int(pid), 0)
    except (ValueError, OverflowError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
