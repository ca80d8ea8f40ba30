"""Computes the priorities of the first and the last piece of each file. Pure."""

from collections.abc import Iterable, Sequence
from typing import Final

TOP: Final = 7
"""libtorrent's top priority of a piece."""


def end_pieces(files: Iterable[tuple[int, int, int]], piece_length: int, *, preferred: bool) -> dict[int, int]:
    """Returns the priority of each piece that is the first or the last piece of a file.

    A piece has the highest priority of all files with bytes in that piece.

    Args:
        files: the offset, the size and the priority of each file. The priority of an unselected file is 0.
        preferred: whether the pieces of selected files get top priority.
    """
    pieces: dict[int, int] = {}
    for offset, size, priority in files:
        if size:
            given = TOP if preferred and priority else priority
            for piece in (offset // piece_length, (offset + size - 1) // piece_length):
                pieces[piece] = max(pieces.get(piece, 0), given)
    return pieces


def piece_priorities(files: Sequence[tuple[int, int, int]], piece_length: int, pieces: int) -> list[int]:
    """Returns the priorities of all pieces, with top priority for the ends of selected files. See `end_pieces`.

    Args:
        pieces: the number of the torrent's pieces.
    """
    found = [0] * pieces
    for offset, size, priority in files:
        if size and priority:
            span = slice(offset // piece_length, (offset + size - 1) // piece_length + 1)
            found[span] = [max(each, priority) for each in found[span]]
    for piece, priority in end_pieces(files, piece_length, preferred=True).items():
        found[piece] = priority
    return found
