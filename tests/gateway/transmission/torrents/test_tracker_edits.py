"""The list of trackers."""

import pytest

from gateway.transmission.failure import Failure
from gateway.transmission.torrents.tracker_edits import edited, parsed

ONE, TWO, THREE = (f"http://t{number}/announce" for number in range(3))
PRESENT = [(ONE, 0), (TWO, 1)]


def test_empty_lines_separate_tiers() -> None:
    """Empty lines separate tiers."""
    assert parsed(f"\n{ONE}\n {TWO}\n\n\n{THREE}\n") == [(ONE, 0), (TWO, 0), (THREE, 1)]
    with pytest.raises(Failure):
        parsed("no url")


def test_a_list_replaces_all() -> None:
    """A list replaces all."""
    assert edited(PRESENT, {"trackerList": THREE, "trackerAdd": ["ignored"]}) == [(THREE, 0)]
    assert edited(PRESENT, {"trackerList": ""}) == []


def test_trackers_are_added_removed_and_replaced_by_id() -> None:
    """Trackers are added removed and replaced by id."""
    assert edited(PRESENT, {"trackerAdd": [THREE, ONE]}) == [*PRESENT, (THREE, 2)]
    assert edited(PRESENT, {"trackerRemove": [0]}) == [(TWO, 1)]
    assert edited(PRESENT, {"trackerReplace": [1, THREE]}) == [(ONE, 0), (THREE, 1)]
    with pytest.raises(Failure):
        edited(PRESENT, {"trackerRemove": [2]})


@pytest.mark.parametrize("given", [21, 1.5, True, {"a": 1}, "x", None, [], [1]])
def test_a_list_of_another_type_counts_as_absent(given: object) -> None:
    """A list of another type counts as absent."""
    assert edited(PRESENT, {"trackerReplace": given}) == PRESENT


@pytest.mark.parametrize("url", ["", f"{ONE}\n{THREE}"])
def test_a_tracker_is_replaced_by_exactly_one(url: str) -> None:
    """A tracker is replaced by exactly one."""
    with pytest.raises(Failure):
        edited(PRESENT, {"trackerReplace": [0, url]})
