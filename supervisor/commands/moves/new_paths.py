"""Computes the new paths of renamed files. Refuses impossible paths. Pure.

The rules for names are in ADR 022. libtorrent changes a wrong name in a torrent. Ouzel refuses a wrong name from a
client.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.events.torrent_events import FileEntry

NAME_MAX: Final = 255
PATH_MAX: Final = 4095
"""The maximum lengths of a name and of a path in bytes, as in the kernel."""

_REFUSED: Final = frozenset("\\\x7f\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069").union(
    map(chr, range(32))
)
"""Backslashes, control characters and direction marks."""


def of_file(files: Iterable[FileEntry], index: int, path: str, save_path: str) -> dict[int, str]:
    """Returns the new path of a renamed file, by index; empty if the file has this path already. Raises OuzelError."""
    present = {file.index: file.path for file in files}
    if index not in present:
        raise _invalid("args.index", f"the torrent has no file {index}")
    return _checked(present, {index: path}, path, save_path, "args.path")


def of_folder(files: Iterable[FileEntry], path: str, new_path: str, save_path: str) -> dict[int, str]:
    """Returns the new paths of the files in a renamed folder, by index. Raises OuzelError."""
    present = {file.index: file.path for file in files}
    inside = {index: each for index, each in present.items() if each.startswith(f"{path}/")}
    if not inside:
        raise _invalid("args.path", f"the torrent has no folder {path!r}")
    renamed = {index: f"{new_path}/{each[len(path) + 1 :]}" for index, each in inside.items()}
    return _checked(present, renamed, new_path, save_path, "args.new_path")


def _checked(
    present: Mapping[int, str], renamed: Mapping[int, str], given: str, save_path: str, field: str
) -> dict[int, str]:
    problem = _problem(given)
    if problem is not None:
        raise _invalid(field, f"{given[:200]!r}: {problem}")
    longest = max(renamed.values(), key=lambda each: len(each.encode()))
    if len(f"{save_path}/{longest}".encode()) > PATH_MAX:
        raise _invalid(field, f"the path of a file would be longer than {PATH_MAX} bytes")
    changed = {index: path for index, path in renamed.items() if path != present[index]}
    kept = {path for index, path in present.items() if index not in changed}
    folders = {folder for path in kept for folder in _above(path)}
    for path in changed.values():
        taken = path if path in kept or path in folders else next((each for each in _above(path) if each in kept), None)
        if taken is not None:
            raise OuzelError(ErrorKind.FILE_EXISTS, f"{field}: the torrent has {taken!r} already", field=field)
    return changed


def _problem(path: str) -> str | None:
    """Why a torrent's file cannot have this path; None if it can."""
    if path.startswith("/"):
        return "the path has to be relative to the save path"
    for name in path.split("/"):
        if name in ("", ".", ".."):
            return "no name in it may be empty, `.` or `..`"
        if len(name.encode()) > NAME_MAX:
            return f"a name in it is longer than {NAME_MAX} bytes"
        if not _REFUSED.isdisjoint(name):
            return "no name in it may have backslashes, control characters or direction marks"
    first = path.partition("/")[0]
    if first.startswith(".") and (first.startswith(".ouzel-") or first.endswith(".parts")):
        return "the name is reserved for files that Ouzel and libtorrent make"
    return None


def _above(path: str) -> Iterable[str]:
    while (path := path.rpartition("/")[0]) != "":
        yield path


def _invalid(field: str, problem: str) -> OuzelError:
    return OuzelError(ErrorKind.INVALID_ARGUMENT, f"{field}: {problem}", field=field)
