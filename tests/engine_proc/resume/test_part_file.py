"""How the header of a part file is parsed."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from engine_proc.resume.part_file import PartFile


def header(part_file: PartFile, slots: list[int], *, pieces: int | None = None) -> bytes:
    """A header as libtorrent writes it."""
    numbers = struct.pack(
        f">2i{len(slots)}i", part_file.pieces if pieces is None else pieces, part_file.piece_length, *slots
    )
    return numbers.ljust(part_file.header_size(), b"\0")


@given(st.lists(st.integers(-1, 600), min_size=1, max_size=600))
def test_slots_follow_the_header(slots: list[int]) -> None:
    """Each slot has a piece's length. -1, and values out of range, are no slots."""
    part_file = PartFile("/x", len(slots), 16384)
    size = part_file.header_size()
    assert size % 1024 == 0
    assert 4 * (2 + len(slots)) <= size < 4 * (2 + len(slots)) + 1024
    assert part_file.slots(header(part_file, slots)) == {
        piece: size + slot * 16384 for piece, slot in enumerate(slots) if 0 <= slot < len(slots)
    }


@given(st.binary(max_size=3000))
def test_what_is_no_header_has_no_slots(content: bytes) -> None:
    """Zeros, as a killed download leaves them, and garbage are no errors."""
    slots = PartFile("/x", 5, 16384).slots(content)
    assert all(0 <= piece < 5 for piece in slots)
    assert PartFile("/x", 5, 16384).slots(bytes(1024)) == {}


def test_a_header_of_another_torrent_or_a_short_one_counts_as_empty() -> None:
    """libtorrent accepts neither."""
    part_file = PartFile("/x", 3, 16384)
    assert part_file.slots(header(part_file, [0, 1, 2], pieces=4)) == {}
    assert PartFile("/x", 3, 32768).slots(header(part_file, [0, 1, 2])) == {}
    assert part_file.slots(header(part_file, [0, 1, 2])[:-1]) == {}
