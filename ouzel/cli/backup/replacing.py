"""Replaces files in one step, and removes what a killed command has left."""

import contextlib
import fcntl
import glob
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from protocol.durable.durable import fsync_dir

_PARTIAL: Final = ".partial"
"""The suffix of an incomplete backup."""


@contextlib.contextmanager
def replacing(file: Path) -> Iterator[IO[bytes]]:
    """A new file that gets its name at the end of the context. After an error it is deleted.

    The new file is locked. So the next backup can tell whether the command that writes the file still runs.
    """
    for left in file.parent.glob(f".{glob.escape(file.name)}.*{_PARTIAL}"):
        _remove_unused(left)
    temporary = file.with_name(f".{file.name}.{os.getpid()}{_PARTIAL}")
    try:
        fd = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with open(fd, "wb") as output:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield output
            output.flush()
            os.fsync(fd)
            temporary.replace(file)
        fsync_dir(file.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def write(file: Path, content: bytes, mode: int, owner: tuple[int, int] | None = None) -> None:
    """Replaces a file in one step, durably. Raises OSError.

    Args:
        owner: the ids of the user and the group. None for those of this process.
    """
    temporary = file.with_name(f".{file.name}.restoring")
    with contextlib.suppress(FileNotFoundError):
        temporary.unlink()  # of a restore that was killed
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with open(fd, "wb") as output:
        output.write(content)
        output.flush()
        if owner is not None and os.geteuid() == 0:
            os.fchown(fd, *owner)
        os.fchmod(fd, mode)
        os.fsync(fd)
    temporary.replace(file)
    fsync_dir(file.parent)


def free_name(file: Path) -> Path:
    """Returns an unused path beside a file. The name contains the time."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    names = (f"{file.name}.replaced-{stamp}{suffix}" for suffix in ("", *(f".{n}" for n in range(1, 1000))))
    return next(path for name in names if not os.path.lexists(path := file.with_name(name)))


def _remove_unused(file: Path) -> None:
    """Deletes an incomplete backup if no command is writing it."""
    with contextlib.suppress(OSError):  # a file of another user stays, and does no harm
        fd = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            file.unlink()
        finally:
            os.close(fd)
