"""Computes how many bytes of the selected files are complete, from libtorrent's counts of whole pieces. Pure.

A *border* piece reaches into a selected and an unselected file. It is downloaded completely, and libtorrent counts all
of its bytes. Its bytes in unselected files are the *surplus*, which is computed once per selection. So each status
update only has to check which border pieces are complete, and nothing once all pieces of selected files are.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class FileSpan(NamedTuple):
    """A file that is not padding: its offset and size in the torrent, and whether it is selected."""

    offset: int
    size: int
    wanted: bool


class Border(NamedTuple):
    """A piece that reaches into selected and unselected files, and how many of its bytes belong to each."""

    piece: int
    wanted: int
    surplus: int


class SelectedBytes(NamedTuple):
    """The totals of a selection: the bytes of the selected files, and the border pieces."""

    total: int
    borders: Sequence[Border]

    def done(self, counted: int, wanted: int, have: Sequence[bool]) -> int:
        """How many bytes of the selected files are complete.

        Incomplete border pieces count as 0 bytes, since it is unknown which of their blocks are complete.

        Args:
            counted: how many bytes are complete of the pieces that reach into selected files (libtorrent's
                `total_wanted_done`).
            wanted: the size of these pieces in bytes (`total_wanted`).
            have: for each piece, whether it is complete; pieces beyond the end of the list are incomplete.
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
    """Computes the totals of a selection. Files must not overlap."""
    ends: tuple[defaultdict[int, int], defaultdict[int, int]] = (defaultdict(int), defaultdict(int))
    total = 0
    for offset, size, is_wanted in files:
        if size == 0:
            continue
        total += size if is_wanted else 0
        # Pieces in the middle of a file belong to that file alone.
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
