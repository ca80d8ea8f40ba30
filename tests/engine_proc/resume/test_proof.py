"""What proves a piece."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from engine_proc.resume.pieces import BLOCK, MissingPiece
from engine_proc.resume.proof import merkle_root, proves


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_sha1_proves_the_content_and_no_other(content: bytes, other: bytes) -> None:
    """Also of the right size."""
    piece = MissingPiece(0, 0, len(content), hashlib.sha1(content, usedforsecurity=False).digest(), 0)
    assert proves(piece, content)
    assert proves(piece, other) == (other == content)


def test_a_merkle_root_is_the_tree_over_sixteen_kibibyte_blocks() -> None:
    """With zeros for missing leaves (BEP 52)."""
    one, two = b"1" * BLOCK, b"2" * 100
    leaves = [hashlib.sha256(one).digest(), hashlib.sha256(two).digest(), bytes(32), bytes(32)]
    left, right = (hashlib.sha256(leaves[at] + leaves[at + 1]).digest() for at in (0, 2))
    assert merkle_root(one + two, 4) == hashlib.sha256(left + right).digest()
    assert merkle_root(two, 1) == leaves[1]
    assert proves(MissingPiece(0, 0, BLOCK + 100, merkle_root(one + two, 4), 4), one + two)
