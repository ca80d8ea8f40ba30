"""Writes a new .torrent file as a whole, and never replaces another file."""

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from engine_proc.files.payload import Unusable
from protocol.durable.durable import TEMPORARY_SUFFIX, fsync_dir

_MAX_BYTES: Final = 64 * 1024 * 1024
_MODE: Final = 0o666
"""The rights of the file. The umask restricts them further."""


def write(output: str, content: bytes, same: Callable[[bytes], bool]) -> None:
    """Writes a file durably. Raises Unusable.

    Args:
        same: returns whether an existing file with this content may stay. Then no new file is needed.
    """
    path = Path(output)
    try:
        if _stays(path, same):
            return
        with _nameless(path) as (fd, source):
            with open(fd, "wb", closefd=False) as file:
                file.write(content)
            os.fsync(fd)
            _publish(fd, source, path)
        fsync_dir(path.parent)
    except FileExistsError as error:
        raise Unusable(f"{output!r} exists, and is {_kind(path)}; it is not replaced") from error
    except OSError as error:
        raise Unusable(f"{output!r} cannot be written: {error.strerror}") from error


def _stays(path: Path, same: Callable[[bytes], bool]) -> bool:
    """Whether a file of the same torrent exists already. Raises FileExistsError if anything else exists."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO) and os.path.lexists(path):  # a link, or a socket
            raise _exists(path) from error
        raise
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise _exists(path)
        with open(fd, "rb", closefd=False) as file:
            if not same(file.read(_MAX_BYTES)):
                raise _exists(path)
    finally:
        os.close(fd)
    return True


def _kind(path: Path) -> str:
    """The kind of the existing object at the output's path, for messages."""
    with contextlib.suppress(OSError):
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            return "a symbolic link"
        if stat.S_ISDIR(mode):
            return "a folder"
        if not stat.S_ISREG(mode):
            return "not a regular file"
    return "of another torrent"


@contextlib.contextmanager
def _nameless(path: Path) -> Iterator[tuple[int, str]]:
    """A descriptor of a new file in the directory of `path`, and a path of this file for `link`.

    On most file systems the file has no name. Then nothing is left if this process is killed.
    """
    temporary = None
    try:
        fd = os.open(path.parent, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, _MODE)
        source = f"/proc/self/fd/{fd}"
    except OSError:
        source = temporary = str(path.with_name(f".{path.name[:200]}.{os.getpid()}{TEMPORARY_SUFFIX}"))
        fd = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, _MODE)
    try:
        yield fd, source
    finally:
        os.close(fd)
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108  # it is a string


def _publish(fd: int, source: str, path: Path) -> None:
    """Gives the file its name. Raises FileExistsError if a file of this name has appeared."""
    try:
        # Python follows links only if a descriptor is given; it is not used, since `source` is absolute.
        os.link(source, path, src_dir_fd=fd, follow_symlinks=True)
    except FileExistsError:
        raise
    except OSError:
        if source.startswith("/proc/"):
            raise
        if os.path.lexists(path):  # a file system without hard links
            raise _exists(path) from None
        os.replace(source, path)


def _exists(path: Path) -> FileExistsError:
    return FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
