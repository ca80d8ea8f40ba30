"""Reads libtorrent's part file, which has the bytes of unselected files in shared pieces. Pure.

The file is `.<info-hash>.parts` in the save path. It begins with a header of big-endian 32-bit integers:

1. the number of pieces;
2. the piece length;
3. for each piece its slot, or -1.

The header is padded to whole KiB. The slots follow; the size of a slot is the piece length.

libtorrent writes the header when a torrent finishes, is paused, flushed or removed, and when its selection changes. If
the process was killed during a download, the header is usually missing. Then libtorrent considers all slots free.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

_NUMBER: Final = 4
_FIXED: Final = 2
_ROUND: Final = 1024


class PartFile(NamedTuple):
    """A torrent's part file.

    Fields:
        path: the absolute path; the file need not exist.
        pieces: the number of the torrent's pieces.
        piece_length: the size of a piece in bytes.
    """

    path: str
    pieces: int
    piece_length: int

    def header_size(self) -> int:
        """The number of bytes before the first slot."""
        return -(-(_FIXED + self.pieces) * _NUMBER // _ROUND) * _ROUND

    def slots(self, header: bytes) -> Mapping[int, int]:
        """The offset in bytes of each piece's slot; empty if libtorrent would refuse the header."""
        if len(header) < self.header_size():
            return {}
        numbers = memoryview(header)[: (_FIXED + self.pieces) * _NUMBER]
        found = [
            int.from_bytes(numbers[at : at + _NUMBER], "big", signed=True) for at in range(0, len(numbers), _NUMBER)
        ]
        if found[:_FIXED] != [self.pieces, self.piece_length]:
            return {}
        return {
            piece: self.header_size() + slot * self.piece_length
            for piece, slot in enumerate(found[_FIXED:])
            if 0 <= slot < self.pieces
        }
