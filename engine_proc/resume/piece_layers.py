"""Finds the hashes of v2 pieces (BEP 52) in .torrent files and in resume data. Pure.

A .torrent file has the hashes in its piece layers. Resume data has the hashes in merkle trees. The hashes are only used
to verify pieces. If a hash is missing or wrong, its piece is not verified. So invalid data is ignored, and no error is
raised.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

HASH: Final = 32
_BITS: Final = 8

KindT = TypeVar("KindT", dict[bytes, Any], list[Any], bytes)

Digest = Callable[[int], bytes | None]
"""Returns the merkle root over a piece's blocks, by the piece's number in its file; None if unknown."""


def of_metainfo(metainfo: Any, root: bytes) -> Digest:
    """The digests in a decoded .torrent file, for the file with this merkle root."""
    layer = _member(_member(metainfo, b"piece layers", dict), root, bytes)
    return lambda number: _nth(layer, number)


def of_resume(resume: Any, index: int, pieces: int) -> Digest:
    """The digests in decoded resume data, for the file at this index.

    Resume data has only the known nodes of a tree. A mask has a bit for each node, beginning with the root. If a bit is
    set, the hash of the node follows. While pieces are missing, the tree has the hashes of all pieces, or only the
    root.

    Args:
        pieces: the number of the file's pieces.
    """
    trees = _member(resume, b"trees", list)
    tree = trees[index] if index < len(trees) else {}
    hashes, mask = _member(tree, b"hashes", bytes), _member(tree, b"mask", bytes)
    at = {node: rank for rank, node in enumerate(_set_bits(mask))}
    first = (1 << (pieces - 1).bit_length()) - 1

    def digest(number: int) -> bytes | None:
        rank = at.get(first + number)
        return None if rank is None else _nth(hashes, rank)

    return digest


def _member(node: Any, key: bytes, kind: type[KindT]) -> KindT:
    found = node.get(key) if isinstance(node, dict) else None
    return found if isinstance(found, kind) else kind()


def _nth(hashes: bytes, number: int) -> bytes | None:
    found = hashes[HASH * number : HASH * (number + 1)]
    return found if len(found) == HASH else None


def _set_bits(mask: bytes) -> list[int]:
    return [_BITS * at + bit for at, byte in enumerate(mask) if byte for bit in range(_BITS) if byte & (0x80 >> bit)]
