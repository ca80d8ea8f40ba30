from hypothesis import given
from hypothesis import strategies as st

from supervisor.access.refusals import AGAIN_S, OTHERS, SUBJECTS_MAX, Refusals


def test_each_is_told_once_in_a_while() -> None:
    """By subject and reason, with the number of refusals in between."""
    refusals = Refusals()
    assert refusals.log_entry("a", "x", 0.0) == ("a", 0)
    assert [refusals.log_entry("a", "x", 1.0) for _ in range(5)] == [None] * 5
    assert refusals.log_entry("a", "y", 1.0) == ("a", 0)
    assert refusals.log_entry("b", "x", 1.0) == ("b", 0)
    assert refusals.log_entry("a", "x", AGAIN_S) == ("a", 5)
    assert refusals.log_entry("a", "x", AGAIN_S + 1) is None


def test_many_subjects_are_told_as_one() -> None:
    """A thousand addresses are not a thousand lines."""
    refusals = Refusals()
    told = [refusals.log_entry(f"10.0.0.{number}", "x", 0.0) for number in range(1000)]
    assert [each for each in told if each is not None][SUBJECTS_MAX:] == [(OTHERS, 0)]
    assert refusals.log_entry("10.9.9.9", "x", 1.0) is None
    assert refusals.log_entry("10.9.9.9", "x", 3 * AGAIN_S) == ("10.9.9.9", 0)


@given(st.lists(st.tuples(st.integers(0, 300), st.sampled_from("xyz"), st.floats(0, 5))))
def test_lines_and_memory_are_bounded(refused: list[tuple[int, str, float]]) -> None:
    """Every refusal is reported, or counted by the next report, or within the last two intervals."""
    refusals = Refusals()
    now, times = 0.0, []
    for subject, reason, pause in refused:
        now += pause
        if refusals.log_entry(str(subject), reason, now) is not None:
            times.append(now)
        assert len(refusals._told) <= SUBJECTS_MAX + 3
    for at in times:
        assert sum(at <= each < at + AGAIN_S for each in times) <= 2 * (SUBJECTS_MAX + 3)
