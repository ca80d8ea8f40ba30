"""Reads the selection and the priorities of files from the arguments of a method. Pure."""

from collections.abc import Sequence

from gateway.transmission.arguments import Arguments, integers
from gateway.transmission.failure import Code, Failure
from ouzel import FileRow

UNWANTED, LOW, NORMAL, HIGH = 0, 1, 4, 7
_LEVELS = (("priority-low", LOW), ("priority-normal", NORMAL), ("priority-high", HIGH))
_NAMES = ("files-unwanted", "files-wanted", *(name for name, _ in _LEVELS))


def is_given(arguments: Arguments) -> bool:
    """Whether the arguments change the selection or the priorities of files."""
    return any(isinstance(arguments.get(name), list) for name in _NAMES)


def chosen(arguments: Arguments, files: Sequence[FileRow] | None) -> dict[int, int]:
    """Returns the new priorities (0 to 7) by file index, for the files in the arguments.

    The arguments name a file by its place in the list of files. Padding files (BEP 47) are not in this list, so the
    place of a file can be less than its index.

    Args:
        files: the files of the torrent. None if the files are not known. Then a place counts as an index, and an empty
            list in the arguments has no effect. In all other cases, an empty list means all files.

    Raises:
        Failure: the torrent does not have a file in the arguments.
    """
    present = {place: file.priority for place, file in enumerate(files or ())}
    now = dict(present)

    def named(name: str) -> list[int]:
        indices = integers(arguments, name)
        if indices is None:
            return []
        if files is not None and any(index not in present for index in indices):
            raise Failure("file index out of range", Code.FILE_OUT_OF_RANGE)
        return [index for index in indices or present if index >= 0]

    unwanted, wanted = named("files-unwanted"), named("files-wanted")
    for name, level in _LEVELS:
        for index in named(name):
            if now.get(index, NORMAL) != UNWANTED or index in wanted:
                now[index] = level
    for index in wanted:
        now[index] = now.get(index) or NORMAL
    for index in unwanted:
        now[index] = UNWANTED
    changed = {place: level for place, level in now.items() if present.get(place) != level}
    return changed if files is None else {files[place].index: level for place, level in changed.items()}
