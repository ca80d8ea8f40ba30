from hypothesis import given
from hypothesis import strategies as st

from protocol.wire.desired import DesiredTorrent
from supervisor.store.id_index import IdIndex
from supervisor.store.identity import aliases
from tests.supervisor.samples import desired

ONES = ["a" * 40, "b" * 40]
TWOS = ["a" * 64, "c" * 64]

records = st.builds(
    desired,
    st.sampled_from(ONES + TWOS),
    info_hash_v1=st.sampled_from([None, *ONES]),
    info_hash_v2=st.sampled_from([None, *TWOS]),
    merged=st.lists(st.sampled_from(ONES + TWOS), max_size=2, unique=True),
)
changes = st.lists(st.one_of(records, st.sampled_from(ONES + TWOS)), max_size=20)


@given(changes)
def test_a_hash_finds_the_records_that_have_it(changes: list[DesiredTorrent | str]) -> None:
    """Only present records, with their present hashes."""
    index, there = IdIndex(), dict[str, DesiredTorrent]()
    for change in changes:
        if isinstance(change, str):
            index.drop(change)
            there.pop(change, None)
        else:
            index.put(change)
            there[change.torrent] = change
    for each in ONES + TWOS:
        having = sorted(torrent for torrent, record in there.items() if each == torrent or each in aliases(record))
        assert index.owners([each]) == having


def test_a_shortened_hash_is_near_and_owns_nothing() -> None:
    """In both directions."""
    index = IdIndex()
    index.put(desired(TWOS[0]))
    assert index.owners([ONES[0]]) == []
    assert index.near([ONES[0]]) == [TWOS[0]]
    index = IdIndex()
    index.put(desired(ONES[0]))
    assert index.near([TWOS[0]]) == [ONES[0]]
