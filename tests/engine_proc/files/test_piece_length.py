"""The automatic piece length."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine_proc.files.piece_length import LONGEST, SHORTEST, automatic

MIB = 1 << 20
GIB = 1 << 30
TIB = 1 << 40


@pytest.mark.parametrize(
    ("size", "length"),
    [
        (1, 16 * 1024),
        (32 * MIB, 16 * 1024),
        (32 * MIB + 1, 32 * 1024),
        (GIB, 512 * 1024),
        (16 * GIB, 8 * MIB),
        (32 * GIB, 16 * MIB),
        (2 * TIB, 16 * MIB),
        (2 * TIB + 1, 32 * MIB),
        (16 * TIB, 128 * MIB),
        (1000 * TIB, 128 * MIB),
    ],
)
def test_the_table(size: int, length: int) -> None:
    """The table in docs/protocol.md."""
    assert automatic(size) == length


@given(st.integers(1, 20 * TIB), st.integers(1, 20 * TIB))
def test_it_is_a_power_of_two_that_grows_with_the_size(one: int, other: int) -> None:
    """And is in libtorrent's range."""
    length = automatic(one)
    assert length & (length - 1) == 0
    assert SHORTEST <= length <= LONGEST
    assert (automatic(max(one, other)) >= length) or one > other
