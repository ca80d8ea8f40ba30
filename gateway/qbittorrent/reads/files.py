"""The rows of `torrents/files`. Pure."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from gateway.qbittorrent.rows.numbers import UNKNOWN, count, fraction
from protocol.wire.rows import FileRow

NORMAL: Final = 1
PRIORITIES: Final = {0: 0, 6: 6, 7: 7}
"""By priority of the daemon, the priority of qBittorrent. All other priorities are normal (1)."""


class File(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One file.

    Fields:
        index: the place in the list. Padding files (BEP 47) are not in the list, and do not count.
        name: the path relative to the save path.
        is_seed: in the first file only.
    """

    index: int
    name: str
    size: int
    progress: float
    priority: int
    availability: float
    piece_range: tuple[int, int]
    is_seed: bool | None = None


def file_rows(files: Iterable[FileRow], piece_length: int | None, availability: bytes, finished: bool) -> list[File]:
    """Returns the rows of files.

    Args:
        piece_length: the size of a piece in bytes. None if it is not known.
        availability: for each piece, the number of peers that have the piece. Empty if it is not known.
        finished: whether all selected files are complete.
    """
    found: list[File] = []
    for index, (file, (first, last)) in enumerate(_ranges(files, piece_length or 0)):
        pieces = availability[first : last + 1]
        found.append(
            File(
                index=index,
                name=file.path,
                size=count(file.size),
                progress=fraction(file.bytes_done / file.size) if file.size > 0 else 1,
                priority=PRIORITIES.get(file.priority, NORMAL),
                availability=_available(pieces) if availability else UNKNOWN,
                piece_range=(first, last),
                is_seed=None if found else finished,
            )
        )
    return found


def _available(pieces: bytes) -> float:
    """The share of a file's pieces that peers have. An empty file has no piece, and is always there."""
    return fraction(sum(map(bool, pieces)) / len(pieces)) if pieces else 1


def _ranges(files: Iterable[FileRow], piece_length: int) -> Iterator[tuple[FileRow, tuple[int, int]]]:
    """Returns each file with its first and last piece. If an index is missing, a padding file fills the last piece.

    As in qBittorrent, the last piece of an empty file is the piece before its first piece.
    """
    offset, index = 0, 0
    for file in files:
        if not piece_length:
            yield file, (0, 0)
            continue
        if file.index != index:
            offset = -(-offset // piece_length) * piece_length
        first = offset // piece_length
        yield file, (first, (offset + file.size - 1) // piece_length if file.size > 0 else first - 1)
        offset, index = offset + file.size, file.index + 1
