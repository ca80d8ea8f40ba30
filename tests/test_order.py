"""The order of a parallel run."""

from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from tests.order import dealt


def test_each_part_begins_with_long_tests_and_groups_of_them_stay_together() -> None:
    """Of the short ones, `d` is cut where the first part ends."""
    ordered = "".join(dealt(["aaa", "b", "c"], ["ddddd", "eeee"], 2, lambda _: 1.0))
    assert (ordered[:7], ordered[7:]) == ("aaadddd", "bcdeeee")


def test_the_slowest_begin_and_the_parts_take_as_long() -> None:
    """Others keep their order."""
    ordered = "".join(dealt(["a", "b", "c", "d", "e"], ["ffff"], 3, lambda each: {"c": 3.0, "e": 2.0}.get(each, 1.0)))
    assert (ordered[:3], ordered[3:6], ordered[6:]) == ("cff", "edf", "abf")


groups = st.lists(st.lists(st.integers(), min_size=1), max_size=9)


@given(groups, groups, st.integers(1, 9))
def test_no_test_is_lost(long: list[list[int]], short: list[list[int]], workers: int) -> None:
    """Nor run twice."""
    assert sorted(dealt(long, short, workers, float)) == sorted(chain(*long, *short))
