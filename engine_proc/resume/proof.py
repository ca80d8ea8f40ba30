"""Verifies a piece by SHA-1 (BEP 3), or by the root of a SHA-256 merkle tree (BEP 52). Pure."""

import hashlib

from engine_proc.resume.pieces import BLOCK, MissingPiece


def proves(piece: MissingPiece, content: bytes | memoryview) -> bool:
    """Whether `content` has the digest of the piece."""
    if len(content) != piece.size:
        return False
    if piece.leaves == 0:
        return hashlib.sha1(content, usedforsecurity=False).digest() == piece.digest
    return merkle_root(content, piece.leaves) == piece.digest


def merkle_root(content: bytes | memoryview, leaves: int) -> bytes:
    """The merkle root over the blocks of `content`, with zeros for missing blocks.

    Args:
        leaves: the number of leaves: a power of two, and at least the number of blocks.
    """
    layer = [hashlib.sha256(content[start : start + BLOCK]).digest() for start in range(0, len(content), BLOCK)]
    layer += [bytes(32)] * (leaves - len(layer))
    while len(layer) > 1:
        layer = [hashlib.sha256(layer[at] + layer[at + 1]).digest() for at in range(0, len(layer), 2)]
    return layer[0]
