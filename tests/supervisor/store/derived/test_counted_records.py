import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.wire.desired import Quarantine
from supervisor.store.derived.counted_records import CountedRecords
from tests.supervisor.samples import desired

STEPS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["put", "del", "pop"]), st.booleans()))


@given(STEPS)
def test_counts_are_those_of_the_records(steps: list[tuple[str, str, bool]]) -> None:
    """After any changes."""
    records = CountedRecords()
    for torrent, step, odd in steps:
        if step == "put":
            quarantine = Quarantine(reason="x", since_us=1) if odd else None
            category = torrent if odd else None
            records[torrent] = msgspec.structs.replace(desired(), category=category, quarantine=quarantine)
        elif step == "pop":
            records.pop(torrent, None)
        elif torrent in records:
            del records[torrent]
    found = [each.category for each in records.values()]
    assert records.categories == {category: found.count(category) for category in found}
    assert records.quarantined == sum(each.quarantine is not None for each in records.values())


def test_it_is_a_dict() -> None:
    """Without a record there is an error, or the default."""
    records = CountedRecords()
    with pytest.raises(KeyError):
        records.pop("a")
    with pytest.raises(KeyError):
        del records["a"]
    assert records.pop("a", None) is None
