"""The order of a parallel run."""

from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from tests.order import dealt


def test_each_part_begins_with_long_tests_and_groups_of_them_stay_together() -> None:
    """Of the short ones, `d` is cut where the first part ends."""
    ordered = "".join(dealt(["aaa", "b", "c"], ["ddddd", "eeee"], 2))
    assert (ordered[:7], ordered[7:]) == ("aaadddd", "bcdeeee")


groups = st.lists(st.lists(st.integers(), min_size=1), max_size=9)


@given(groups, groups, st.integers(1, 9))
def test_no_test_is_lost(long: list[list[int]], short: list[list[int]], workers: int) -> None:
    """Nor run twice."""
    assert sorted(dealt(long, short, workers)) == sorted(chain(*long, *short))
