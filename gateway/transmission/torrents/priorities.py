"""The choice and the priorities of files, in the arguments of a method. Pure."""

from collections.abc import Sequence

from gateway.transmission.arguments import Arguments, integers
from gateway.transmission.failure import Code, Failure
from ouzel import FileRow

UNWANTED, LOW, NORMAL, HIGH = 0, 1, 4, 7
_LEVELS = (("priority-low", LOW), ("priority-normal", NORMAL), ("priority-high", HIGH))
_NAMES = ("files-unwanted", "files-wanted", *(name for name, _ in _LEVELS))


def is_given(arguments: Arguments) -> bool:
    """Whether the arguments choose files."""
    return any(isinstance(arguments.get(name), list) for name in _NAMES)


def chosen(arguments: Arguments, files: Sequence[FileRow] | None) -> dict[int, int]:
    """The priorities 0..7 by file index, of the files that the arguments name by their places in the list of files.

    Padding files (BEP 47) are not in the list, so a file's place may be less than its index.

    Args:
        files: the files of the torrent; None if they are not known. Then places count as indices, and an empty list,
            which means all files, has no effect.

    Raises:
        Failure: there is no such file.
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
