"""A lock on a directory, held for as long as any process that inherited it lives.

It is an `flock` on `.lock` in the directory: the kernel lets go of it when the last descriptor is closed, so no crash
leaves a stale one, and an engine that outlives its supervisor by a moment still keeps the next one out.
"""

import contextlib
import errno
import fcntl
import os
import stat
import time
from pathlib import Path
from typing import Final

from protocol.host import private_dir
from protocol.internal.resume_dir import identity_of

LOCK: Final = ".lock"

PATIENCE_S: Final = 3.0
"""How long an orphan of the supervisor before may take to die."""

_POLL_S: Final = 0.02


class AlreadyLocked(Exception):
    """Another process has the directory."""

    def __init__(self, directory: Path, holder: str) -> None:
        super().__init__(f"{directory} is in use by another ouzeld{holder}")
        self.directory = directory


class DirectoryLock:
    """Takes the lock, waiting a moment for orphans.

    Fields:
        identity: of the lock file, as `ResumeDir.identity` has it.

    Raises:
        AlreadyLocked: another process has it.
        OSError: the directory is not there or not private, or `.lock` is not ours.
    """

    def __init__(self, directory: Path) -> None:
        self.fd = _open(directory)
        try:
            self._take(directory)
            self.identity = identity_of(os.fstat(self.fd))
        except (AlreadyLocked, OSError):
            self.close()  # or the next attempt would find it locked by this one
            raise

    def close(self) -> None:
        """Lets go."""
        with contextlib.suppress(OSError):  # the descriptor is gone all the same
            os.close(self.fd)

    def _take(self, directory: Path) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not self._try():
            holder = os.pread(self.fd, 32, 0).decode("ascii", "replace").strip()
            if time.monotonic() > deadline or _alive(holder):
                raise AlreadyLocked(directory, f" (pid {holder})" if holder else "")
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
    """The lock file, which is made when missing. Raises OSError where it is not ours alone: it will be truncated."""
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
    """Whether the supervisor that wrote its pid still runs; a reused pid costs no more than a wrong sentence."""
    try:
        os.kill(int(pid), 0)
    except (ValueError, OverflowError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
