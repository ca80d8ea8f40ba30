"""Finds pieces that may be on disk and that resume data lacks. Pure.

After a crash the resume data is some seconds old, and lacks later pieces. If the files have data at all bytes of a
piece, the piece is a *candidate*. A candidate is complete if its digest is right:

- for v1 and hybrid torrents, the SHA-1 hash (BEP 3);
- for v2 torrents, the root of a SHA-256 merkle tree (BEP 52).

In all other pieces, a block with data on disk is a *fragment*. Fragments are offered to libtorrent. libtorrent hashes
the piece once it has downloaded the rest.

"On disk" means where libtorrent will read. If the file is selected or exists, libtorrent reads the file. In all other
cases libtorrent reads the part file, if its header lists the piece.
"""

from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, NamedTuple

from engine_proc.resume.part_file import PartFile

BLOCK: Final = 16 * 1024
"""The size of a block in bytes. A leaf of a merkle tree is the hash of a block, and peers send blocks."""

OFFERED_MAX: Final = 3
"""The maximum number of pieces with fragments that are offered to libtorrent.

If a fragment is wrong, libtorrent blames the peers that sent the rest of the piece. At the fourth wrong piece,
libtorrent bans a peer permanently. The torrent may have only one peer.
"""

Ranges = Sequence[tuple[int, int]]
"""The ranges in which a file has data: ascending `(start, end)` in bytes."""


class ClaimedFile(NamedTuple):
    """A file with claimed pieces: its index, its path, and the end of its last claimed piece.

    The end is an offset in the file.
    """

    number: int
    path: str
    end: int


class StoredFile(NamedTuple):
    """A file of a torrent.

    Fields:
        path: the absolute path; None for padding (BEP 47). Padding is never stored, and consists of zeros.
        offset: the offset of the file's first byte in the torrent.
        wanted: whether the file is selected. If an unselected file does not exist, libtorrent stores its data in the
            part file.
    """

    path: str | None
    offset: int
    size: int
    wanted: bool


class MissingPiece(NamedTuple):
    """A piece that the resume data lacks.

    Fields:
        offset: the offset of the piece's first byte in the torrent.
        size: the size of the piece in bytes. In v2, padding at the end of the piece is not included.
        digest: the SHA-1 hash, or with `leaves` the root of a merkle tree.
        leaves: the number of leaves of the tree; 0 for SHA-1. Missing blocks count as zeros.
    """

    number: int
    offset: int
    size: int
    digest: bytes
    leaves: int


class Unverified(NamedTuple):
    """The pieces that have to be verified before a torrent is added, and the torrent's files.

    Fields:
        files: the files in the order of the torrent.
        missing: the pieces that the resume data lacks, and doubtful pieces with known digests.
        bytes_done: how many bytes of the selected files are complete, according to the resume data.
        bytes_total: the size of the selected files in bytes.
        size: the size of all files, with padding.
        part_file: the part file, which may have parts of unselected files.
        doubtful: claimed pieces that libtorrent may not find on disk. A claim is kept only if its piece is verified.
        borders: claimed pieces that reach into unselected files. If libtorrent can read all bytes of a piece, its claim
            is kept.
        unfinished: the blocks of incomplete pieces, according to the resume data.
        payload: the size of all files without padding.
        foreign: the claims of another client; None if the resume data is libtorrent's own.
    """

    files: Sequence[StoredFile]
    missing: Sequence[MissingPiece]
    bytes_done: int
    bytes_total: int
    size: int
    part_file: PartFile
    doubtful: frozenset[int] = frozenset()
    borders: Sequence[int] = ()
    unfinished: Mapping[int, Sequence[bool]] = {}
    payload: int = 0
    foreign: "Foreign | None" = None


class Foreign(NamedTuple):
    """The claims of another client. A claim is trusted only if the files have data at all bytes of the piece.

    Fields:
        claimed: the claimed pieces of selected files.
        pieces: a function that returns the pieces with the given numbers. Pieces without a known digest are left out.
    """

    claimed: Sequence[int]
    pieces: "Callable[[Sequence[int]], Sequence[MissingPiece]]"


class Verified(NamedTuple):
    """The outcome of a verification.

    Fields:
        pieces: the verified pieces.
        blocks: the blocks of incomplete pieces on disk. Blocks are not verified, so libtorrent has to hash their
            pieces.
        lost: the claimed pieces that cannot be read.
    """

    pieces: frozenset[int] = frozenset()
    blocks: Mapping[int, Sequence[bool]] = {}
    lost: frozenset[int] = frozenset()


class Disk(NamedTuple):
    """The state of a torrent's files in the file system.

    Fields:
        data: the ranges of data of each file. A file without an entry has no data.
        kept: the unselected files that exist. The data of other unselected files is in the part file.
        slots: the offset in bytes of each piece's slot in the part file.
    """

    data: Mapping[str, Ranges]
    kept: frozenset[str] = frozenset()
    slots: Mapping[int, int] = {}


class Examined(NamedTuple):
    """The content of a torrent's resume data.

    Fields:
        claimed: the selected files with at least one claimed piece.
        bytes_done: how many bytes of the selected files are in claimed pieces.
        bytes_total: the size of the selected files in bytes.
        size: the size of all files without padding; 0 while there is no metadata.
        parsed: the session's parsed form of the data. `LibtSession.resume` can reuse it.
        others: other paths that libtorrent may write, delete or read; see `session_port.SourceInfo.paths`.
    """

    claimed: Sequence[ClaimedFile]
    bytes_done: int
    bytes_total: int
    size: int
    parsed: object = None
    others: Sequence[str] = ()

    @property
    def complete(self) -> bool:
        """Whether all pieces of the selected files are claimed; False while there is no metadata."""
        return self.size > 0 and self.bytes_done == self.bytes_total


class Slice(NamedTuple):
    """A range of bytes in one file, or in padding if `path` is None."""

    path: str | None
    start: int
    size: int


def slices(files: Sequence[StoredFile], offset: int, size: int) -> list[tuple[StoredFile, Slice]]:
    """Splits a range of a torrent's bytes into ranges of its files, in order."""
    found = []
    index = max(0, bisect_right(files, offset, key=lambda file: file.offset) - 1)
    end = offset + size
    for file in files[index:]:
        if file.offset >= end:
            break
        start = max(offset, file.offset)
        length = min(end, file.offset + file.size) - start
        if length > 0:
            found.append((file, Slice(file.path, start - file.offset, length)))
    return found


def located(unverified: Unverified, disk: Disk, offset: int, size: int) -> list[Slice] | None:
    """The slices from which libtorrent reads one piece, in order; None if libtorrent cannot find some bytes."""
    found, length = [], unverified.part_file.piece_length
    parts = slices(unverified.files, offset, size)
    if sum(part.size for _, part in parts) != size:
        return None
    for file, part in parts:
        if part.path is None or file.wanted or part.path in disk.kept:
            found.append(part)
            continue
        start = file.offset + part.start
        slot = disk.slots.get(start // length)
        if slot is None:
            return None
        found.append(Slice(unverified.part_file.path, slot + start % length, part.size))
    return found


def candidates(unverified: Unverified, disk: Disk) -> list[tuple[MissingPiece, list[Slice]]]:
    """The pieces that may be complete, each with the slices to read."""
    return [
        (piece, parts)
        for piece in unverified.missing
        if (parts := located(unverified, disk, piece.offset, piece.size)) is not None and _has_data(disk, parts)
    ]


def lost(unverified: Unverified, disk: Disk, proven: Collection[int]) -> frozenset[int]:
    """The claimed pieces that must be downloaded again. Pieces in `proven` are left out."""
    length = unverified.part_file.piece_length
    gone = {
        piece
        for piece in unverified.borders
        if located(unverified, disk, piece * length, min(length, unverified.size - piece * length)) is None
    }
    return frozenset((gone | unverified.doubtful) - set(proven))


def fragments(unverified: Unverified, disk: Disk) -> dict[int, dict[int, list[Slice]]]:
    """The blocks on disk of incomplete pieces that the resume data lacks.

    Returns:
        The slices to read, by piece and number of the block. Pieces with the most blocks come first. Pieces with data
        at all bytes are left out, because they are candidates.
    """
    found = {}
    for piece in unverified.missing:
        known = unverified.unfinished.get(piece.number, ())
        blocks = {}
        whole = True
        if piece.number not in disk.slots and not _touches_data(unverified, disk, piece):
            continue
        for number, start in enumerate(range(0, piece.size, BLOCK)):
            parts = located(unverified, disk, piece.offset + start, min(BLOCK, piece.size - start))
            if parts is None or not _has_data(disk, parts):
                whole = False
            elif any(part.path is not None for part in parts) and not (number < len(known) and known[number]):
                blocks[number] = parts
        if blocks and not whole:
            found[piece.number] = blocks
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def offer(unverified: Unverified, blocks: Mapping[int, Collection[int]]) -> dict[int, list[bool]]:
    """The unfinished pieces for libtorrent: the given fragments, and the blocks in the resume data."""
    offered = {}
    for piece, numbers in blocks.items():
        known = dict(enumerate(unverified.unfinished.get(piece, ())))
        offered[piece] = [known.get(at, False) or at in numbers for at in range(max([*known, *numbers]) + 1)]
    return offered


def sparse(unverified: Unverified, disk: Disk) -> list[int]:
    """The pieces that another client claims, but that are not wholly in the files."""
    if unverified.foreign is None:
        return []
    length, found = unverified.part_file.piece_length, []
    for piece in unverified.foreign.claimed:
        parts = located(unverified, disk, piece * length, min(length, unverified.size - piece * length))
        if parts is None or not _has_data(disk, parts):
            found.append(piece)
    return found


def sound_blocks(unverified: Unverified, disk: Disk) -> dict[int, list[bool]]:
    """The blocks of incomplete pieces that the other client claims. Blocks without data in the files are left out."""
    length = unverified.part_file.piece_length

    def sound(piece: int, block: int) -> bool:
        start = piece * length + block * BLOCK
        parts = located(unverified, disk, start, min(BLOCK, (piece + 1) * length - start, unverified.size - start))
        return parts is not None and _has_data(disk, parts)

    return {
        piece: [held and sound(piece, block) for block, held in enumerate(blocks)]
        for piece, blocks in (unverified.unfinished.items() if unverified.foreign is not None else ())
    }


def _has_data(disk: Disk, parts: Sequence[Slice]) -> bool:
    return all(part.path is None or _covered(disk.data.get(part.path, ()), part) for part in parts)


def _covered(ranges: Ranges, part: Slice) -> bool:
    at = bisect_right(ranges, part.start, key=lambda each: each[0]) - 1
    return at >= 0 and ranges[at][1] >= part.start + part.size


def _touches_data(unverified: Unverified, disk: Disk, piece: MissingPiece) -> bool:
    """Whether any file has data in the range of a piece.

    This test is cheap. At the beginning of a download it excludes most pieces.
    """
    for _, part in slices(unverified.files, piece.offset, piece.size):
        ranges = disk.data.get(part.path, ()) if part.path is not None else ()
        at = bisect_right(ranges, part.start + part.size - 1, key=lambda each: each[0]) - 1
        if at >= 0 and ranges[at][1] > part.start:
            return True
    return False
