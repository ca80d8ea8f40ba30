"""Where the hashes of v2 pieces are found, and that nothing else is taken for them."""

from hypothesis import given
from hypothesis import strategies as st

from engine_proc.resume.piece_layers import HASH, of_metainfo, of_resume

ROOT = bytes(range(HASH))
GARBAGE = st.recursive(
    st.integers() | st.binary(max_size=40) | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.binary(max_size=4), inner, max_size=3),
    max_leaves=8,
)


def layer(pieces: int) -> bytes:
    """Different hashes."""
    return b"".join(bytes([number]) * HASH for number in range(1, pieces + 1))


def test_a_layer_is_the_hashes_one_after_the_other() -> None:
    """There is none beyond the end, and another root has none."""
    metainfo = {b"piece layers": {ROOT: layer(3)}}
    digest = of_metainfo(metainfo, ROOT)
    assert [digest(number) for number in range(4)] == [b"\1" * HASH, b"\2" * HASH, b"\3" * HASH, None]
    assert of_metainfo(metainfo, bytes(HASH))(0) is None


@given(pieces=st.integers(2, 40), data=st.data())
def test_a_tree_has_a_hash_for_each_set_bit(pieces: int, data: st.DataObject) -> None:
    """Nodes are numbered from the root down. The pieces' layer has as many places as the next power of two."""
    first = (1 << (pieces - 1).bit_length()) - 1
    known = data.draw(st.sets(st.integers(0, first + pieces - 1)))
    mask = bytearray((first + pieces + 7) // 8)
    for node in known:
        mask[node // 8] |= 0x80 >> node % 8
    hashes = {node: bytes([node % 256]) * HASH for node in sorted(known)}
    resume = {b"trees": [{}, {b"hashes": b"".join(hashes.values()), b"mask": bytes(mask)}]}
    digest = of_resume(resume, 1, pieces)
    assert [digest(number) for number in range(pieces)] == [hashes.get(first + number) for number in range(pieces)]
    assert of_resume(resume, 0, pieces)(0) is None
    assert of_resume(resume, 2, pieces)(0) is None


@given(GARBAGE, GARBAGE)
def test_garbage_has_no_hashes_and_is_no_error(one: object, other: object) -> None:
    """Wherever it is."""
    for decoded in (one, {b"piece layers": one}, {b"piece layers": {ROOT: one}}):
        found = of_metainfo(decoded, ROOT)(0)
        assert found is None or found == one[:HASH]  # type: ignore[index]  # only bytes come so far
    for decoded in (one, {b"trees": one}, {b"trees": [one]}, {b"trees": [{b"hashes": one, b"mask": other}]}):
        found = of_resume(decoded, 0, 3)(0)
        assert found is None or len(found) == HASH
