"""Writes a new .torrent file, which appears as a whole or not at all, and never in place of another file."""

import contextlib
import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from engine_proc.files.payload import Unusable
from protocol.durable.durable import TEMPORARY_SUFFIX, fsync_dir

_MAX_BYTES: Final = 64 * 1024 * 1024


def write(output: str, content: bytes, same: Callable[[bytes], bool]) -> None:
    """Writes a file durably. Raises Unusable.

    Args:
        same: whether an existing file with this content may stay in place of the new one.
    """
    path = Path(output)
    try:
        if _stays(path, same):
            return
        temporary = path.with_name(f".{path.name[:200]}.{os.getpid()}{TEMPORARY_SUFFIX}")
        try:
            with temporary.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            _publish(temporary, path)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
        fsync_dir(path.parent)
    except FileExistsError as error:
        raise Unusable(f"{output!r} exists, and is of another torrent; it is not replaced") from error
    except OSError as error:
        raise Unusable(f"{output!r} cannot be written: {error.strerror}") from error


def _stays(path: Path, same: Callable[[bytes], bool]) -> bool:
    """Whether there is such a file already. Raises FileExistsError if there is another one."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from error
    with open(fd, "rb") as file:
        if not same(file.read(_MAX_BYTES)):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    return True


def _publish(temporary: Path, path: Path) -> None:
    """Gives the file its name. Raises FileExistsError if another process has made such a file meanwhile."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:  # not every file system has hard links
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        os.rename(temporary, path)  # noqa: PTH104  # as above
