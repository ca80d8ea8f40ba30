import msgspec
from hypothesis import given
from hypothesis import strategies as st

from protocol.wire.desired import TrackerEdits

URLS = "abc"
lists = st.dictionaries(st.sampled_from(URLS), st.integers(0, 2)).map(lambda given: list(given.items()))
urls = st.lists(st.sampled_from(URLS), unique=True)


@st.composite
def edits(draw: st.DrawFn) -> TrackerEdits:
    """The result of any commands."""
    edited = TrackerEdits()
    for _ in range(draw(st.integers(0, 3))):
        if draw(st.booleans()):
            edited = edited.replace(draw(lists))
        edited = edited.remove(draw(urls)).add(draw(lists))
    return edited


@given(edits(), lists)
def test_applying_a_change_again_changes_nothing(edited: TrackerEdits, trackers: list[tuple[str, int]]) -> None:
    """So it can be applied to the source and to any later resume data. Lists are sorted by tier."""
    once = edited.apply(trackers)
    assert edited.apply(once) == once
    assert [tier for _, tier in once] == sorted(tier for _, tier in once)
    assert msgspec.json.decode(msgspec.json.encode(edited), type=TrackerEdits) == edited


@given(edits(), lists, lists, urls)
def test_commands_change_the_list_in_their_order(
    edited: TrackerEdits, trackers: list[tuple[str, int]], added: list[tuple[str, int]], removed: list[str]
) -> None:
    """An added tracker is in the list with its tier, a removed one is not, and a new list replaces all."""
    before = dict(edited.apply(trackers))
    assert dict(edited.add(added).apply(trackers)) == before | dict(added)
    kept = {url: tier for url, tier in before.items() if url not in removed}
    assert dict(edited.remove(removed).apply(trackers)) == kept
    assert dict(edited.replace(added).apply(trackers)) == dict(added)


@given(edits(), edits())
def test_the_changes_of_two_records_hold_together(one: TrackerEdits, other: TrackerEdits) -> None:
    """What the first one says holds; merging again changes nothing."""
    both = one.merge(other)
    assert both.merge(other) == both
    assert set(one.added) <= set(both.added)
    assert not {url for url, _ in both.added} & set(one.removed)
    assert both.replaced == (one.replaced or other.replaced)
    assert {*one.removed, *other.removed} <= {*both.removed, *dict(one.added)}
