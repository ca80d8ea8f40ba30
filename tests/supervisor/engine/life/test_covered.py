from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from supervisor.engine.life.covered import outdated

PLACES: Final = ["1 8:1 2", "1 8:1 3", "7 8:17 2 mounted", "9 8:17 2 mounted"]
paths = st.sampled_from(["/a", "/b", "/c"])
covered = st.dictionaries(paths, st.sampled_from(PLACES))
seen = st.dictionaries(paths, st.none() | st.sampled_from(PLACES))


def test_a_disk_over_a_root_and_a_root_made_anew_are_other_places() -> None:
    """So is a disk that was unmounted for a moment. A disk that is missing now is not waited for."""
    for before, now, stale in [
        (PLACES[0], PLACES[0], False),
        (PLACES[0], PLACES[1], True),
        (PLACES[0], PLACES[2], True),
        (PLACES[2], PLACES[3], True),
        (PLACES[2], PLACES[0], False),
        (PLACES[0], None, False),
        (None, PLACES[0], True),
        (None, None, False),
    ]:
        had = {"/other": "1 8:1 9"} | ({} if before is None else {"/a": before})
        assert outdated(had, ["/a"], {"/a": now}) == ({"/a": now} if stale else {})


@given(had=covered, now=seen)
def test_an_engine_that_is_started_now_has_nothing_outdated(had: dict[str, str], now: dict[str, str | None]) -> None:
    """Without a sandbox, nothing is ever outdated."""
    fresh = {path: place for path, place in now.items() if place is not None}
    assert outdated(fresh, ["/a", "/b", "/c"], now) == {}
    assert outdated({}, ["/a", "/b", "/c"], now) == {}
    assert outdated(had, [], now) == {}
