"""Pieces that the resume data lacks and that may be on disk all the same: which, and how to prove it. Pure.

After an unclean end the resume data is some seconds old, and what was written since is there but not known. A piece can
be whole only if all its bytes lie where the files have data; such a piece is a candidate. It is believed only once its
digest is right: SHA-1 for v1 and hybrid torrents (BEP 3), the root of a SHA-256 merkle tree for v2 (BEP 52).
"""

import hashlib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from engine_proc.storage_policy import ClaimedFile

BLOCK: Final = 16 * 1024
"""Bytes under one leaf of a merkle tree."""

Ranges = Sequence[tuple[int, int]]
"""Where a file has data: ascending `(start, end)`, in bytes."""


class StoredFile(NamedTuple):
    """A file of a torrent.

    Fields:
        path: absolute; None for padding (BEP 47), which reads as zeros and is never stored.
        offset: of its first byte in the torrent.
        wanted: selected; the parts of others may lie in a part file, so pieces that touch them are no candidates.
    """

    path: str | None
    offset: int
    size: int
    wanted: bool


class MissingPiece(NamedTuple):
    """A piece that the resume data lacks.

    Fields:
        offset, size: its bytes in the torrent; without padding at its end for v2.
        digest: SHA-1, or with `leaves` the root of a merkle tree.
        leaves: how many leaves its tree has, absent blocks as zeros; 0 for SHA-1.
    """

    number: int
    offset: int
    size: int
    digest: bytes
    leaves: int


class Unverified(NamedTuple):
    """What of a torrent is to be looked at before it is added.

    Fields:
        files: in the order of the torrent.
        missing: the pieces that the resume data lacks.
        bytes_done, bytes_total: of the wanted files, by the resume data.
        size: of all files.
    """

    files: Sequence[StoredFile]
    missing: Sequence[MissingPiece]
    bytes_done: int
    bytes_total: int
    size: int


class Examined(NamedTuple):
    """What a torrent's resume data says.

    Fields:
        claimed: the wanted files that it claims pieces of.
        bytes_done, bytes_total: of the wanted files; `bytes_done` is nearest to what the claimed pieces hold.
        size: of all files; 0 while there is no metadata.
        parsed: the session's own, for `resume`.
    """

    claimed: Sequence[ClaimedFile]
    bytes_done: int
    bytes_total: int
    size: int
    parsed: object = None


class Slice(NamedTuple):
    """Bytes of one file, or of padding where `path` is None."""

    path: str | None
    start: int
    size: int


def slices(files: Sequence[StoredFile], piece: MissingPiece) -> list[tuple[StoredFile, Slice]]:
    """Where the bytes of a piece lie, in order."""
    found = []
    index = max(0, bisect_right(files, piece.offset, key=lambda file: file.offset) - 1)
    end = piece.offset + piece.size
    for file in files[index:]:
        if file.offset >= end:
            break
        start = max(piece.offset, file.offset)
        size = min(end, file.offset + file.size) - start
        if size > 0:
            found.append((file, Slice(file.path, start - file.offset, size)))
    return found


def candidates(unverified: Unverified, data: Mapping[str, Ranges]) -> list[tuple[MissingPiece, list[Slice]]]:
    """The pieces that may be whole, with where to read them.

    Args:
        data: where each file has data; a file that is not named has none.
    """
    found = []
    for piece in unverified.missing:
        parts = slices(unverified.files, piece)
        if sum(part.size for _, part in parts) == piece.size and all(
            part.path is None or (file.wanted and _covered(data.get(part.path, ()), part)) for file, part in parts
        ):
            found.append((piece, [part for _, part in parts]))
    return found


def proves(piece: MissingPiece, content: bytes | memoryview) -> bool:
    """Whether this is the content of the piece."""
    if len(content) != piece.size:
        return False
    if piece.leaves == 0:
        return hashlib.sha1(content, usedforsecurity=False).digest() == piece.digest
    return merkle_root(content, piece.leaves) == piece.digest


def merkle_root(content: bytes | memoryview, leaves: int) -> bytes:
    """The root over the blocks of `content`, with zeros for blocks that are not there.

    Args:
        leaves: a power of two, at least the number of blocks.
    """
    layer = [hashlib.sha256(content[start : start + BLOCK]).digest() for start in range(0, len(content), BLOCK)]
    layer += [bytes(32)] * (leaves - len(layer))
    while len(layer) > 1:
        layer = [hashlib.sha256(layer[at] + layer[at + 1]).digest() for at in range(0, len(layer), 2)]
    return layer[0]


def _covered(ranges: Ranges, part: Slice) -> bool:
    at = bisect_right(ranges, part.start, key=lambda each: each[0]) - 1
    return at >= 0 and ranges[at][1] >= part.start + part.size
