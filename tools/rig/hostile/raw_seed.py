"""A seed that notes the order in which pieces are requested. A test sets the delay of its answers.

libtorrent sometimes closes a usable connection, for example while it searches for peers again. Then the seed connects
again.
"""

import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tools.rig.hostile.raw_peer import RawPeer

_UNCHOKE: Final = 1
_BITFIELD: Final = 5
_REQUEST: Final = 6
_PIECE: Final = 7
PATIENCE_S: Final = 30.0


class RawSeed(RawPeer):
    """A peer that has all pieces, and connects to a session's listen port.

    Args:
        content: the files of the torrent, in the torrent's order.
        piece_length: the size of a piece.

    Fields:
        asked: the pieces, in the order in which they were first requested.
    """

    def __init__(self, endpoint: str, torrent: str, content: list[Path], piece_length: int) -> None:
        self._to = endpoint, torrent
        self._content = b"".join(path.read_bytes() for path in content)
        self._piece_length = piece_length
        self.asked: list[int] = []
        pieces = -(-len(self._content) // piece_length)
        bits = (1 << pieces) - 1 << -pieces % 8
        self._bitfield = bits.to_bytes(-(-pieces // 8), "big")
        self._join()

    def _join(self) -> None:
        super().__init__(*self._to)
        self.say(_BITFIELD, self._bitfield)
        self.say(_UNCHOKE)

    def serve(self, done: Callable[[], bool], *, blocks_per_s: float = 1000.0) -> None:
        """Answers requests until `done`, one after the other."""
        until = time.monotonic() + PATIENCE_S
        waiting: list[bytes] = []
        while not done():
            assert time.monotonic() < until, f"it was not done in time; asked for {self.asked}"
            for message, payload in self.hear(1 / blocks_per_s):
                if message == _REQUEST:
                    [piece] = struct.unpack_from(">I", payload)
                    if piece not in self.asked:
                        self.asked.append(piece)
                    waiting.append(payload)
            if self.closed:
                self.close()
                self._join()
                waiting.clear()
            if waiting:
                piece, begin, length = struct.unpack(">III", waiting.pop(0))
                at = piece * self._piece_length + begin
                self.say(_PIECE, struct.pack(">II", piece, begin) + self._content[at : at + length])
