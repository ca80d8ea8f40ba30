"""The bytes on disk of the selected files, from what libtorrent counts: whole pieces. Pure.

A piece at the border between a wanted and an unwanted file is downloaded whole, and libtorrent counts all of it. The
part of such pieces that belongs to unwanted files is their *surplus*. It is computed once for each selection, so that a
status costs a look at the borders only, and nothing once they are complete.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class FileSpan(NamedTuple):
    """A file that is not padding: where it is in the torrent, in bytes, and whether it is wanted."""

    offset: int
    size: int
    wanted: bool


class Border(NamedTuple):
    """A piece that touches wanted and unwanted files, and how many bytes of it belong to each."""

    piece: int
    wanted: int
    surplus: int


class SelectedBytes(NamedTuple):
    """The totals of a selection: the bytes of its files, and the pieces that are shared with unwanted files."""

    total: int
    borders: Sequence[Border]

    def done(self, counted: int, wanted: int, have: Sequence[bool]) -> int:
        """The bytes on disk of the selected files.

        Of incomplete border pieces nothing is counted, since it is unknown which of their blocks are there.

        Args:
            counted, wanted: libtorrent's counts of whole pieces, in bytes.
            have: by piece, whether it is complete; one beyond the end is not.
        """
        if counted >= wanted:
            return self.total
        surplus = lacking = 0
        for border in self.borders:
            if border.piece < len(have) and have[border.piece]:
                surplus += border.surplus
            else:
                lacking += border.wanted
        return max(0, min(counted - surplus, self.total - lacking))


def of(files: Iterable[FileSpan], piece_length: int) -> SelectedBytes:
    """The totals of a selection. Files do not overlap."""
    ends: tuple[defaultdict[int, int], defaultdict[int, int]] = (defaultdict(int), defaultdict(int))
    total = 0
    for offset, size, is_wanted in files:
        if size == 0:
            continue
        total += size if is_wanted else 0
        # Pieces in the midst of a file are that file's alone.
        first, last = offset // piece_length, (offset + size - 1) // piece_length
        found = ends[is_wanted]
        if first == last:
            found[first] += size
        else:
            found[first] += (first + 1) * piece_length - offset
            found[last] += offset + size - last * piece_length
    surplus, wanted = ends
    return SelectedBytes(
        total, [Border(piece, wanted[piece], surplus[piece]) for piece in sorted(surplus.keys() & wanted)]
    )
