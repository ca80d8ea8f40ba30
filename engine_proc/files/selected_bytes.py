"""Computes how many bytes of the selected files are complete, from libtorrent's counts of whole pieces. Pure.

A *border* piece reaches into a selected and an unselected file. libtorrent downloads the whole piece, and counts all of
its bytes. The bytes of border pieces in unselected files are the *surplus*. The surplus is computed once per selection.
At a status update, `done` only checks which border pieces are complete. If all pieces of selected files are complete,
`done` checks nothing.
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
    """A piece that reaches into selected and unselected files, with its number of bytes in both."""

    piece: int
    wanted: int
    surplus: int


class SelectedBytes(NamedTuple):
    """The bytes of the selected files, and the border pieces of a selection."""

    total: int
    borders: Sequence[Border]

    def done(self, counted: int, wanted: int, have: Sequence[bool]) -> int:
        """How many bytes of the selected files are complete.

        Incomplete border pieces count as 0 bytes, because their complete blocks are unknown.

        Args:
            counted: libtorrent's `total_wanted_done`. It is the number of complete bytes in pieces that reach into
                selected files.
            wanted: libtorrent's `total_wanted`. It is the size of these pieces in bytes.
            have: for each piece, whether the piece is complete. Pieces beyond the end of the list are incomplete.
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
