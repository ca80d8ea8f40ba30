"""Pieces that resume data lacks and that may be on disk: which ones, and their verification. Pure.

After an unclean end the resume data is some seconds old, and does not have what was written since. A piece can be
complete only if the files have data at all its bytes; such a piece is a candidate. It is claimed only if its digest is
right: SHA-1 for v1 and hybrid torrents (BEP 3), the root of a SHA-256 merkle tree for v2 (BEP 52). The blocks of other
pieces that are in data are fragments: they are offered to libtorrent, which hashes the piece when it has the rest.

"On disk" is always where libtorrent itself will read: in the file, if it is wanted or exists, else in the part file, if
its header has the piece.
"""

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

from engine_proc.resume.part_file import PartFile

BLOCK: Final = 16 * 1024
"""Bytes under one leaf of a merkle tree, and of one request to a peer."""

OFFERED_MAX: Final = 3
"""The number of pieces of which fragments are offered.

If a fragment turns out wrong, libtorrent blames the peers that sent the rest of the piece, and bans a peer for good at
the fourth such piece. There may be only one peer.
"""

Ranges = Sequence[tuple[int, int]]
"""Where a file has data: ascending `(start, end)`, in bytes."""


class ClaimedFile(NamedTuple):
    """A file that resume data claims pieces of: its number and path, and where the last claimed byte in it ends."""

    number: int
    path: str
    end: int


class StoredFile(NamedTuple):
    """A file of a torrent.

    Fields:
        path: absolute; None for padding (BEP 47), which reads as zeros and is never stored.
        offset: of its first byte in the torrent.
        wanted: selected; of others, libtorrent keeps what it needs in the part file unless they exist.
    """

    path: str | None
    offset: int
    size: int
    wanted: bool


class MissingPiece(NamedTuple):
    """A piece that the resume data lacks.

    Fields:
        offset, size: its bytes in the torrent; for v2 without padding at its end.
        digest: SHA-1, or with `leaves` the root of a merkle tree.
        leaves: the number of leaves of its tree, missing blocks as zeros; 0 for SHA-1.
    """

    number: int
    offset: int
    size: int
    digest: bytes
    leaves: int


class Unverified(NamedTuple):
    """What has to be verified of a torrent before it is added.

    Fields:
        files: in the order of the torrent.
        missing: the pieces that the resume data lacks, and doubtful ones that can be verified.
        bytes_done, bytes_total: of the wanted files, by the resume data.
        size: of all files, with padding.
        part_file: where parts of unwanted files may be.
        doubtful: claimed by the resume data, but their bytes may be elsewhere than libtorrent will read them; only
            verified ones are kept.
        borders: claimed, and touching unwanted files; kept if libtorrent finds each of their bytes.
        unfinished: the blocks that the resume data has of incomplete pieces.
        payload: bytes of all files but padding.
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


class Verified(NamedTuple):
    """The outcome of the verification.

    Fields:
        pieces: verified.
        blocks: blocks on disk of incomplete pieces; they are unverified, so libtorrent has to hash those pieces.
        lost: claimed by the resume data, but not readable.
    """

    pieces: frozenset[int] = frozenset()
    blocks: Mapping[int, Sequence[bool]] = {}
    lost: frozenset[int] = frozenset()


class Disk(NamedTuple):
    """The state of a torrent's files in the file system.

    Fields:
        data: where each file has data; one that is absent here has none.
        kept: the unwanted files that exist; the parts of others are in the part file.
        slots: the offset of each piece's slot in the part file, in bytes.
    """

    data: Mapping[str, Ranges]
    kept: frozenset[str] = frozenset()
    slots: Mapping[int, int] = {}


class Examined(NamedTuple):
    """The content of a torrent's resume data.

    Fields:
        claimed: the wanted files that it claims pieces of.
        bytes_done, bytes_total: of the wanted files; `bytes_done` approximates the claimed pieces.
        size: of all files but padding; 0 while there is no metadata.
        parsed: the session's own, for `resume`.
        others: other paths where libtorrent may write, delete or read, as in `session_port.SourceInfo`.
    """

    claimed: Sequence[ClaimedFile]
    bytes_done: int
    bytes_total: int
    size: int
    parsed: object = None
    others: Sequence[str] = ()

    @property
    def complete(self) -> bool:
        """Whether all wanted files are claimed; never while there is no metadata."""
        return self.size > 0 and self.bytes_done == self.bytes_total


class Slice(NamedTuple):
    """Bytes of one file, or of padding where `path` is None."""

    path: str | None
    start: int
    size: int


def slices(files: Sequence[StoredFile], offset: int, size: int) -> list[tuple[StoredFile, Slice]]:
    """The files that a range of bytes of the torrent belongs to, in order."""
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
    """Where libtorrent reads the bytes of one piece, in order; None if it cannot find some of them."""
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
    """The pieces that may be complete, with where to read them."""
    return [
        (piece, parts)
        for piece in unverified.missing
        if (parts := located(unverified, disk, piece.offset, piece.size)) is not None and _has_data(disk, parts)
    ]


def lost(unverified: Unverified, disk: Disk, proven: Collection[int]) -> frozenset[int]:
    """The claimed pieces that cannot be read."""
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
        By piece and number of the block, where to read it; pieces with the most of them first. Complete pieces are left
            out: those are candidates.
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
    """The unfinished pieces for libtorrent: these fragments, and those of the resume data."""
    offered = {}
    for piece, numbers in blocks.items():
        known = dict(enumerate(unverified.unfinished.get(piece, ())))
        offered[piece] = [known.get(at, False) or at in numbers for at in range(max([*known, *numbers]) + 1)]
    return offered


def _has_data(disk: Disk, parts: Sequence[Slice]) -> bool:
    return all(part.path is None or _covered(disk.data.get(part.path, ()), part) for part in parts)


def _covered(ranges: Ranges, part: Slice) -> bool:
    at = bisect_right(ranges, part.start, key=lambda each: each[0]) - 1
    return at >= 0 and ranges[at][1] >= part.start + part.size


def _touches_data(unverified: Unverified, disk: Disk, piece: MissingPiece) -> bool:
    """Whether any file of the piece has data there; a cheap no for most pieces of a download that has just begun."""
    for _, part in slices(unverified.files, piece.offset, piece.size):
        ranges = disk.data.get(part.path, ()) if part.path is not None else ()
        at = bisect_right(ranges, part.start + part.size - 1, key=lambda each: each[0]) - 1
        if at >= 0 and ranges[at][1] > part.start:
            return True
    return False
