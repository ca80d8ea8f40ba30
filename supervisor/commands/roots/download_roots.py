"""Confines every path that a client names to the download roots. Symbolic links are resolved first."""

import errno
import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from protocol.host.real_path import real_path
from protocol.internal.bounds import Bounds
from protocol.text.scrub import is_utf8
from protocol.wire.errors import ErrorKind, OuzelError


class DownloadRoots:
    """The directories below which torrents may be stored.

    Args:
        roots: absolute paths. The first path is the default save path.
        reserved: Ouzel's own directories. They are not allowed, even below a root.

    Fields:
        bounds: the allowed paths, for the engine. Links in the roots are resolved once, at construction.
    """

    def __init__(self, roots: Sequence[Path], reserved: Sequence[Path] = ()) -> None:
        resolved = [str(root.resolve()) for root in roots]
        self.default = resolved[0]
        self.bounds = Bounds(_texts(resolved), _texts(str(each.resolve()) for each in reserved))
        self._allowed = frozenset(root for root in self.bounds.roots if self.bounds.allow(root))

    def follow(self, other: "DownloadRoots") -> None:
        """Replaces these roots by the roots of another object."""
        self.default, self.bounds, self._allowed = other.default, other.bounds, other._allowed

    def is_root(self, path: str | None) -> bool:
        """Whether a path is itself a root. None means the default root. For a root, `confine` accesses no disk."""
        return (self.default if path is None else path) in self._allowed

    def confine(self, path: str | None, field: str) -> str:
        """Resolves a path, and checks that the path is allowed.

        Raises OuzelError: PATH_NOT_ALLOWED. The error names `field`.
        """
        path = self.default if path is None else path
        if self.is_root(path):
            return path
        resolved = self.resolve(path, field)
        _check_directory(resolved, field)
        return resolved

    def resolve(self, path: str, field: str) -> str:
        """Like `confine`, but the path may also be a file's path."""
        if "\0" in path or not Path(path).is_absolute():
            raise OuzelError(ErrorKind.PATH_NOT_ALLOWED, f"{field}: {path!r} is not an absolute path", field=field)
        try:
            resolved = real_path(path)
        except OSError as error:
            raise OuzelError(ErrorKind.PATH_NOT_ALLOWED, f"{field}: {path!r}: {error}", field=field) from error
        if not _texts([resolved]):
            raise OuzelError(ErrorKind.PATH_NOT_ALLOWED, f"{field}: {resolved!r} is not UTF-8", field=field)
        if not self.bounds.allow(resolved):
            allowed = ", ".join(self.bounds.roots)
            raise OuzelError(
                ErrorKind.PATH_NOT_ALLOWED, f"{field}: {path!r} is outside the download roots ({allowed})", field=field
            )
        return resolved


def _check_directory(path: str, field: str) -> None:
    """Refuses a path that leads through a file, leads to a file, or has too long a name.

    Ignores other disk errors, because they may be repaired later. Raises OuzelError: PATH_NOT_ALLOWED.
    """
    try:
        if not stat.S_ISDIR(os.stat(path).st_mode):  # noqa: PTH116  # the number of the error is what matters
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    except OSError as error:
        if error.errno in (errno.ENOTDIR, errno.ENAMETOOLONG):
            problem = f"{field}: {path[:200]!r}: {error.strerror}"
            raise OuzelError(ErrorKind.PATH_NOT_ALLOWED, problem, field=field) from error


def _texts(paths: Iterable[str]) -> list[str]:
    """The paths that are UTF-8. Only these can be stored and sent. A link may lead to a path that is not UTF-8."""
    return [path for path in paths if is_utf8(path)]
