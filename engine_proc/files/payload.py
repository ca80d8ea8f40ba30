"""The files on disk from which a torrent is made."""

import os
import stat
from typing import NamedTuple

from engine_proc.files import selection
from protocol.text.scrub import is_utf8, scrub
from protocol.wire.desired import Selection


class Unusable(Exception):
    """No torrent can be made; the message is for people."""


class PayloadFile(NamedTuple):
    """A file as it was when it was listed.

    Fields:
        path: relative to the payload's directory, with the payload's own name as its first part.
    """

    path: str
    size: int
    mtime_ns: int
    inode: int


def listed(path: str, exclude: list[str], output: str | None) -> list[PayloadFile]:
    """The files below a path, or the file at the path. Sorted as in a v2 torrent (BEP 52). Raises Unusable.

    Args:
        exclude: globs as in `update_selection`.
        output: the path of a file that is left out.
    """
    parent = os.path.dirname(path)  # noqa: PTH120  # a string is needed
    try:
        found = _below(path, len(parent.rstrip("/")) + 1)
    except OSError as error:
        raise Unusable(f"{scrub(error.filename or path)!r} cannot be read: {error.strerror}") from error
    but = ""
    if output is not None:
        own = [entry for entry in found if entry.path == output]
        found = [entry for entry in found if entry.path != output]
        but = f" but the output {os.path.basename(output)!r}" if own else ""  # noqa: PTH119  # it is a string
    if not found:
        raise Unusable(f"there is no file in {path!r}{but}")
    paths = [entry.relative for entry in found]
    rooted = "/" in paths[0]
    chosen = selection.priorities(paths, Selection(exclude=tuple(exclude)), rooted=rooted) if exclude else None
    kept = [entry for index, entry in enumerate(found) if chosen is None or chosen[index] != selection.UNWANTED]
    if not kept:
        raise Unusable("the rules in `exclude` leave out every file")
    files = [_checked(entry) for entry in kept]
    if not any(file.size for file in files):
        raise Unusable(f"there is nothing to hash: all files{but} are empty")
    return sorted(files, key=_order)


class _Entry(NamedTuple):
    """A directory entry that is not a directory."""

    path: str
    relative: str
    status: os.stat_result


def _below(path: str, prefix: int) -> list[_Entry]:
    """All entries below a path. Links are not followed. Raises OSError."""
    status = os.lstat(path)
    if not stat.S_ISDIR(status.st_mode):
        return [_Entry(path, path[prefix:], status)]
    found, folders = [], [path]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    found.append(_Entry(entry.path, entry.path[prefix:], entry.stat(follow_symlinks=False)))
    return found


def _checked(entry: _Entry) -> PayloadFile:
    """The file of an entry. Raises Unusable if a torrent cannot contain the entry."""
    shown, mode = scrub(entry.relative), entry.status.st_mode
    if stat.S_ISLNK(mode):
        raise Unusable(f"{shown!r} is a symbolic link; exclude it, or replace it by the file")
    if not stat.S_ISREG(mode):
        raise Unusable(f"{shown!r} is neither a file nor a folder; exclude it")
    if not is_utf8(entry.relative):
        raise Unusable(f"the name of {shown!r} is not UTF-8, as all names in a torrent are; rename or exclude it")
    if not os.access(entry.path, os.R_OK):
        raise Unusable(f"{shown!r} cannot be read: permission denied")
    return PayloadFile(entry.relative, entry.status.st_size, entry.status.st_mtime_ns, entry.status.st_ino)


def _order(file: PayloadFile) -> list[bytes]:
    return file.path.encode().split(b"/")


def changed(before: list[PayloadFile], after: list[PayloadFile]) -> str | None:
    """The first file that differs between two lists; None if they are equal."""
    if before == after:
        return None
    first, second = set(before), set(after)
    return min(file.path for file in first ^ second)
