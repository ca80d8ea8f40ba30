"""The hashes of v2 pieces: the piece layers of a .torrent file, or the trees of resume data (BEP 52). Pure.

They are used only for verification: a missing or wrong hash verifies nothing. So invalid data is ignored, and nothing
is raised.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

HASH: Final = 32
_BITS: Final = 8

KindT = TypeVar("KindT", dict[bytes, Any], list[Any], bytes)

Digest = Callable[[int], bytes | None]
"""The merkle root over a piece's blocks by the number of the piece in its file; None if it is unknown."""


def of_metainfo(metainfo: Any, root: bytes) -> Digest:
    """From a decoded .torrent file, for the file with this root."""
    layer = _member(_member(metainfo, b"piece layers", dict), root, bytes)
    return lambda number: _nth(layer, number)


def of_resume(resume: Any, index: int, pieces: int) -> Digest:
    """From decoded resume data, for the file at this index.

    A tree is stored without the nodes that are not known: the mask has a bit for each, root first, and for each bit
    that is set there is a hash. While pieces are lacking, those of the pieces are known, or none below the root.

    Args:
        pieces: how many the file has.
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
