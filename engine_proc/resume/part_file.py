"""libtorrent's part file, which has the parts of unwanted files in shared pieces. Pure.

The file is `.<info-hash>.parts` in the save path. It has a header of big-endian 32 bit integers: the number of pieces,
the length of a piece, then each piece's slot, -1 for none; padded to whole KiB. Then come the slots, each of a piece's
length.

libtorrent writes the header when a torrent finishes, is paused, flushed or removed, and when its selection changes.
After a kill of a download it is mostly missing, and then libtorrent considers all slots free.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

_NUMBER: Final = 4
_FIXED: Final = 2
_ROUND: Final = 1024


class PartFile(NamedTuple):
    """A torrent's part file.

    Fields:
        path: absolute; the file need not exist.
        pieces: the number of the torrent's pieces.
        piece_length: bytes.
    """

    path: str
    pieces: int
    piece_length: int

    def header_size(self) -> int:
        """Bytes before the first slot."""
        return -(-(_FIXED + self.pieces) * _NUMBER // _ROUND) * _ROUND

    def slots(self, header: bytes) -> Mapping[int, int]:
        """The offset of each piece's slot in bytes; empty for a header that libtorrent would refuse."""
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
