"""Which pieces may be on disk, and what proves one."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from engine_proc.pieces import (
    BLOCK,
    MissingPiece,
    Slice,
    StoredFile,
    Unverified,
    candidates,
    merkle_root,
    proves,
    slices,
)

PIECE = 10


def torrent(sizes: list[int], unwanted: frozenset[int] = frozenset()) -> Unverified:
    """Files `0`, `1`, ... of these sizes, all pieces missing."""
    files, offset = [], 0
    for index, size in enumerate(sizes):
        files.append(StoredFile(str(index), offset, size, index not in unwanted))
        offset += size
    pieces = [
        MissingPiece(number, start, min(PIECE, offset - start), b"", 0)
        for number, start in enumerate(range(0, offset, PIECE))
    ]
    return Unverified(files, pieces, 0, offset, offset)


SIZES = st.lists(st.integers(0, 35), min_size=1, max_size=6)


@given(SIZES)
def test_the_slices_of_all_pieces_are_all_files(sizes: list[int]) -> None:
    """Each byte once, in order."""
    made = torrent(sizes)
    read: dict[str, list[int]] = {}
    for piece in made.missing:
        parts = [part for _, part in slices(made.files, piece)]
        assert sum(part.size for part in parts) == piece.size
        for part in parts:
            assert part.path is not None
            read.setdefault(part.path, []).extend(range(part.start, part.start + part.size))
    assert read == {str(index): list(range(size)) for index, size in enumerate(sizes) if size}


@given(SIZES, st.data())
def test_a_piece_is_a_candidate_only_where_all_its_bytes_are_data_of_wanted_files(
    sizes: list[int], data: st.DataObject
) -> None:
    """Checked byte by byte; neighbouring ranges are one."""
    unwanted = data.draw(st.frozensets(st.sampled_from(range(len(sizes)))))
    made = torrent(sizes, unwanted)
    there: dict[str, set[int]] = {}
    ranges: dict[str, list[tuple[int, int]]] = {}
    for index, size in enumerate(sizes):
        bits = data.draw(st.lists(st.booleans(), min_size=size, max_size=size))
        there[str(index)] = {at for at, bit in enumerate(bits) if bit}
        found: list[tuple[int, int]] = []
        for at in sorted(there[str(index)]):
            if found and found[-1][1] == at:
                found[-1] = (found[-1][0], at + 1)
            else:
                found.append((at, at + 1))
        ranges[str(index)] = found
    chosen = {piece.number for piece, _ in candidates(made, ranges)}
    for piece in made.missing:
        expected = all(
            file.wanted and set(range(part.start, part.start + part.size)) <= there[str(part.path)]
            for file, part in slices(made.files, piece)
        )
        assert (piece.number in chosen) == expected


def test_padding_is_zeros_that_nobody_stores() -> None:
    """A piece that ends in padding needs its file's bytes only (BEP 47)."""
    files = [StoredFile("a", 0, 6, True), StoredFile(None, 6, 4, True), StoredFile("b", 10, 5, True)]
    pieces = [MissingPiece(0, 0, 10, b"", 0), MissingPiece(1, 10, 5, b"", 0)]
    found = candidates(Unverified(files, pieces, 0, 11, 15), {"a": [(0, 6)]})
    assert [(piece.number, parts) for piece, parts in found] == [(0, [Slice("a", 0, 6), Slice(None, 0, 4)])]


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_sha1_proves_the_content_and_no_other(content: bytes, other: bytes) -> None:
    """Of the right size, too."""
    piece = MissingPiece(0, 0, len(content), hashlib.sha1(content, usedforsecurity=False).digest(), 0)
    assert proves(piece, content)
    assert proves(piece, other) == (other == content)


def test_a_merkle_root_is_the_tree_over_sixteen_kibibyte_blocks() -> None:
    """With zeros for the leaves that are not there (BEP 52)."""
    one, two = b"1" * BLOCK, b"2" * 100
    leaves = [hashlib.sha256(one).digest(), hashlib.sha256(two).digest(), bytes(32), bytes(32)]
    left, right = (hashlib.sha256(leaves[at] + leaves[at + 1]).digest() for at in (0, 2))
    assert merkle_root(one + two, 4) == hashlib.sha256(left + right).digest()
    assert merkle_root(two, 1) == leaves[1]
    assert proves(MissingPiece(0, 0, BLOCK + 100, merkle_root(one + two, 4), 4), one + two)
