import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.store.resume_dir_watch import ENOUGH_BYTES, SLOW_S, Home, Seen, Verdict, judge, slowness

MOUNTED, PLAIN = Home(7, mounted=True), Home(1, mounted=False)
MINE, OTHERS = "7:11", "8:12"
PLENTY = ENOUGH_BYTES * 100

homes = st.builds(Home, st.integers(1, 3), st.booleans())
locks = st.sampled_from([MINE, OTHERS, None])
seen = st.builds(Seen, homes, locks, st.booleans(), st.integers(0, ENOUGH_BYTES * 2))


@given(homes, seen)
def test_only_the_directory_that_is_locked_is_fine(home: Home, look: Seen) -> None:
    """Whatever else is there, nothing is written to another one unless it was adopted."""
    verdict = judge(home, MINE, look)
    assert (verdict in (Verdict.FINE, Verdict.DOUBTFUL)) == (look.lock == MINE)
    if verdict is Verdict.FINE:
        assert not look.read_only
        assert look.free_bytes >= ENOUGH_BYTES


@given(seen)
def test_below_a_file_system_that_is_not_mounted_nothing_is_taken_over(look: Seen) -> None:
    """Even if it was a resume directory once."""
    if look.home.device != MOUNTED.device and not look.home.mounted and look.lock != MINE:
        assert judge(MOUNTED, MINE, look) is Verdict.UNMOUNTED


@pytest.mark.parametrize(
    ("home", "there", "lock", "verdict"),
    [
        (PLAIN, PLAIN, None, Verdict.REPLACED),
        (PLAIN, PLAIN, OTHERS, Verdict.REPLACED),
        (MOUNTED, Home(8, mounted=True), None, Verdict.REPLACED),
        (PLAIN, Home(8, mounted=False), OTHERS, Verdict.REPLACED),
        (PLAIN, Home(8, mounted=False), None, Verdict.UNMOUNTED),
        (MOUNTED, PLAIN, None, Verdict.UNMOUNTED),
    ],
    ids=[
        "deleted and made again",
        "a copy in its place",
        "another disk",
        "the disk below, with another device number",
        "the disk below is not mounted",
        "the disk on it is not mounted",
    ],
)
def test_what_took_its_place_is_told_from_what_lay_below(home: Home, there: Home, lock: str, verdict: Verdict) -> None:
    """By device, mount and lock."""
    assert judge(home, MINE, Seen(there, lock, False, PLENTY)) is verdict


@given(st.none() | st.floats(0, 100), st.floats(0, 100))
def test_slow_is_what_has_waited_for_too_long(since: float | None, now: float) -> None:
    """And nothing else."""
    assert (slowness(since, now) is not None) == (since is not None and now - since > SLOW_S)
