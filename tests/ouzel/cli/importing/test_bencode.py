"""Bencoded values of other clients, which may be damaged."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ouzel.cli.importing import bencode

VALUES = st.recursive(
    st.integers() | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.binary(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.binary(max_size=8), VALUES, max_size=5))
def test_values_come_back(value: dict[bytes, bencode.Bencoded]) -> None:
    """And the encoded value of each key is found as it is."""
    encoded = bencode.encode(value)
    assert bencode.decode(encoded) == value
    for key, item in value.items():
        assert bencode.span(encoded, key) == bencode.encode(item)
    assert bencode.span(encoded, b"no such key") is None


@given(st.binary(max_size=60))
def test_anything_else_is_an_error(encoded: bytes) -> None:
    """Of one kind."""
    with contextlib.suppress(ValueError):
        assert isinstance(bencode.decode(encoded), dict)


@pytest.mark.parametrize("encoded", [b"", b"i1e", b"d", b"de ", b"d1:ae", b"di1ei1ee", b"d1:a9:xe", b"l" * 5000])
def test_damage(encoded: bytes) -> None:
    """It ends too early, goes on too long, or is not a dictionary."""
    with pytest.raises(ValueError, match=r"\w"):
        bencode.decode(encoded)
