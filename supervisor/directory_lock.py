"""A lock on a directory, held for as long as any process that inherited it lives.

It is an `flock` on `.lock` in the directory: the kernel lets go of it when the last descriptor is closed, so no crash
leaves a stale one, and an engine that outlives its supervisor by a moment still keeps the next one out.
"""

import contextlib
import fcntl
import os
import time
from pathlib import Path
from typing import Final

from protocol.resume_dir import identity_of

PATIENCE_S: Final = 3.0
"""How long an orphan of the supervisor before may take to die."""

_POLL_S: Final = 0.02


class AlreadyLocked(Exception):
    """Another process has the directory."""

    def __init__(self, directory: Path, holder: str) -> None:
        super().__init__(f"{directory} is in use by another ouzeld{holder}")
        self.directory = directory


class DirectoryLock:
    """Takes the lock, waiting a moment for orphans. Raises AlreadyLocked, or OSError."""

    def __init__(self, directory: Path) -> None:
        self.fd = os.open(directory / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._take(directory)
        except (AlreadyLocked, OSError):
            self.close()  # or the next attempt would find it locked by this one
            raise

    @property
    def identity(self) -> str:
        """The lock file, as `ResumeDir.identity` has it."""
        return identity_of(os.fstat(self.fd))

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


def _alive(pid: str) -> bool:
    """Whether the supervisor that wrote its pid still runs; a reused pid costs no more than a wrong sentence."""
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
