"""Which pieces may be on disk, and what proves one."""

from hypothesis import given
from hypothesis import strategies as st

from engine_proc.resume.part_file import PartFile
from engine_proc.resume.pieces import (
    BLOCK,
    Disk,
    MissingPiece,
    Slice,
    StoredFile,
    Unverified,
    candidates,
    fragments,
    located,
    lost,
    offer,
    slices,
)

PIECE = 2 * BLOCK
PARTS = "parts"


def torrent(sizes: list[int], unwanted: frozenset[int] = frozenset()) -> Unverified:
    """Files `0`, `1`, ... of these sizes, with all pieces missing."""
    files, offset = [], 0
    for index, size in enumerate(sizes):
        files.append(StoredFile(str(index), offset, size, index not in unwanted))
        offset += size
    pieces = [
        MissingPiece(number, start, min(PIECE, offset - start), b"", 0)
        for number, start in enumerate(range(0, offset, PIECE))
    ]
    return Unverified(files, pieces, 0, offset, offset, PartFile(PARTS, len(pieces), PIECE))


SIZES = st.lists(st.sampled_from([0, 1, 100, BLOCK, BLOCK + 1, PIECE, 3 * PIECE - 7]), min_size=1, max_size=6)
UNIT = 256
"""The units of holes and data."""


@st.composite
def disks(draw: st.DrawFn, made: Unverified) -> tuple[Disk, dict[str, set[int]]]:
    """What the file system might report, and the units with data of each file and of the part file."""
    stored = [(str(file.path), file.size) for file in made.files]
    unwanted = [str(file.path) for file in made.files if not file.wanted]
    slots = draw(st.permutations(range(len(made.missing)))) if made.missing else []
    known = draw(st.frozensets(st.sampled_from(range(len(made.missing))))) if made.missing else frozenset()
    starts = {piece: 1024 + slots[piece] * PIECE for piece in known}
    there: dict[str, set[int]] = {}
    ranges: dict[str, list[tuple[int, int]]] = {}
    for path, size in [*stored, (PARTS, 1024 + len(made.missing) * PIECE)]:
        units = -(-size // UNIT)
        holes = draw(st.frozensets(st.integers(0, max(0, units - 1)), max_size=3))
        there[path] = set(range(units)) - (set(range(units)) if draw(st.integers(0, 4)) == 0 else holes)
        found: list[tuple[int, int]] = []
        for at in sorted(there[path]):
            if found and found[-1][1] == at * UNIT:
                found[-1] = (found[-1][0], (at + 1) * UNIT)
            else:
                found.append((at * UNIT, (at + 1) * UNIT))
        ranges[path] = found
    kept = draw(st.frozensets(st.sampled_from(unwanted))) if unwanted else frozenset()
    return Disk(ranges, kept, starts), there


def drawn(sizes: list[int], data: st.DataObject) -> tuple[Unverified, Disk, dict[str, set[int]]]:
    """A torrent with some unwanted files, and a disk."""
    unwanted = data.draw(st.frozensets(st.sampled_from(range(len(sizes)))))
    made = torrent(sizes, unwanted)
    disk, there = data.draw(disks(made))
    return made, disk, there


def on_disk(made: Unverified, disk: Disk, there: dict[str, set[int]], start: int, end: int) -> bool:
    """Whether libtorrent finds these bytes of the torrent as data, unit by unit."""
    edges = {at for file in made.files for at in (file.offset, file.offset + file.size - 1) if start <= at < end}
    for at in {*range(start, end, 100), *edges, end - 1}:
        file = next(file for file in made.files if file.offset <= at < file.offset + file.size)
        path, place = str(file.path), at - file.offset
        if not file.wanted and path not in disk.kept:
            slot = disk.slots.get(at // PIECE)
            if slot is None:
                return False
            path, place = PARTS, slot + at % PIECE
        if place // UNIT not in there[path]:
            return False
    return True


@given(SIZES)
def test_the_slices_of_all_pieces_are_all_files(sizes: list[int]) -> None:
    """Each byte once, in order."""
    made = torrent(sizes)
    read: dict[str, int] = {}
    for piece in made.missing:
        parts = [part for _, part in slices(made.files, piece.offset, piece.size)]
        assert sum(part.size for part in parts) == piece.size
        for part in parts:
            assert part.path is not None
            assert part.start == read.get(part.path, 0)
            read[part.path] = part.start + part.size
    assert read == {str(index): size for index, size in enumerate(sizes) if size}


@given(SIZES, st.data())
def test_a_piece_is_a_candidate_only_where_libtorrent_finds_data_for_all_its_bytes(
    sizes: list[int], data: st.DataObject
) -> None:
    """In wanted files, in others that exist, and otherwise in the piece's slot of the part file."""
    made, disk, there = drawn(sizes, data)
    chosen = {piece.number for piece, _ in candidates(made, disk)}
    for piece in made.missing:
        assert (piece.number in chosen) == on_disk(made, disk, there, piece.offset, piece.offset + piece.size)


@given(SIZES, st.data())
def test_fragments_are_the_blocks_on_disk_of_pieces_that_are_not_whole(sizes: list[int], data: st.DataObject) -> None:
    """Blocks that the resume data does not know; the piece with the most blocks comes first."""
    made, disk, there = drawn(sizes, data)
    known = {piece.number: [data.draw(st.booleans()), False] for piece in made.missing}
    found = fragments(made._replace(unfinished=known), disk)
    whole = {piece.number for piece, _ in candidates(made, disk)}
    for piece in made.missing:
        blocks = {
            number
            for number, start in enumerate(range(piece.offset, piece.offset + piece.size, BLOCK))
            if on_disk(made, disk, there, start, min(start + BLOCK, piece.offset + piece.size))
            and not known[piece.number][number]
        }
        assert set(found.get(piece.number, ())) == (set() if piece.number in whole else blocks)
    counts = [len(blocks) for blocks in found.values()]
    assert counts == sorted(counts, reverse=True)


@given(SIZES, st.data())
def test_lost_is_what_libtorrent_would_not_find_and_what_was_doubted_and_not_proven(
    sizes: list[int], data: st.DataObject
) -> None:
    """Of the claims in the resume data; the content of found pieces was proven once."""
    made, disk, _ = drawn(sizes, data)
    numbers = st.sampled_from([piece.number for piece in made.missing]) if made.missing else st.nothing()
    borders, doubtful, proven = (data.draw(st.frozensets(numbers)) for _ in range(3))
    gone = lost(made._replace(borders=sorted(borders), doubtful=doubtful), disk, proven)
    for piece in made.missing:
        unfound = located(made, disk, piece.offset, piece.size) is None
        expected = (piece.number in borders and unfound) or piece.number in doubtful
        assert (piece.number in gone) == (expected and piece.number not in proven)


@given(
    known=st.dictionaries(st.integers(0, 3), st.lists(st.booleans(), max_size=4)),
    blocks=st.dictionaries(st.integers(0, 3), st.sets(st.integers(0, 5), min_size=1)),
)
def test_an_offer_adds_blocks_and_takes_none_away(known: dict[int, list[bool]], blocks: dict[int, set[int]]) -> None:
    """For pieces with something new."""
    offered = offer(torrent([1])._replace(unfinished=known), blocks)
    assert offered.keys() == blocks.keys()
    for piece, bits in offered.items():
        before = {at for at, bit in enumerate(known.get(piece, [])) if bit}
        assert {at for at, bit in enumerate(bits) if bit} == before | blocks[piece]


def test_padding_is_zeros_that_nobody_stores() -> None:
    """A piece that ends in padding needs only its file's bytes (BEP 47). Blocks of padding are not offered."""
    files = [StoredFile("a", 0, 6, True), StoredFile(None, 6, PIECE - 6, True), StoredFile("b", PIECE, 5, True)]
    pieces = [MissingPiece(0, 0, PIECE, b"", 0), MissingPiece(1, PIECE, 5, b"", 0)]
    made = Unverified(files, pieces, 0, 11, PIECE + 5, PartFile(PARTS, 2, PIECE))
    found = candidates(made, Disk({"a": [(0, 6)]}))
    assert [(piece.number, parts) for piece, parts in found] == [(0, [Slice("a", 0, 6), Slice(None, 0, PIECE - 6)])]
    assert fragments(made, Disk({"a": [(0, 6)]})) == {}
    assert fragments(made, Disk({"a": [(0, 5)]})) == {}
