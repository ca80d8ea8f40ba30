from hypothesis import given
from hypothesis import strategies as st

from supervisor.log.line_budget import TELL_S, LeftOut, LineBudget


def test_a_burst_is_taken_and_what_is_beyond_it_is_counted() -> None:
    """A later line has the number of left-out lines and their name."""
    budget = LineBudget(burst=5, per_s=1)
    assert [budget.spend_token("added", "info", 0.0) for _ in range(8)] == [True] * 5 + [False] * 3
    assert budget.left_out(1.0) == []
    assert budget.left_out(TELL_S) == [LeftOut("added", "info", 3)]
    assert budget.left_out(2 * TELL_S) == []


def test_names_do_not_share() -> None:
    """Failures are logged beside thousands of additions."""
    budget = LineBudget(burst=1, per_s=1)
    assert [budget.spend_token("added", "info", 0.0) for _ in range(2)] == [True, False]
    assert budget.spend_token("failed", "error", 0.0)


def test_the_end_tells_what_was_not_told() -> None:
    """Without waiting."""
    budget = LineBudget(burst=0, per_s=0)
    assert not budget.spend_token("added", "info", 0.0)
    assert budget.rest() == [LeftOut("added", "info", 1)]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 5)), max_size=200))
def test_every_line_is_taken_or_counted(lines: list[tuple[str, float]]) -> None:
    """And no more are logged than burst and rate allow."""
    budget, now, taken, told = LineBudget(burst=10, per_s=2), 0.0, 0, 0
    for name, wait_s in lines:
        now += wait_s
        taken += budget.spend_token(name, "info", now)
        told += sum(each.lines for each in budget.left_out(now))
    told += sum(each.lines for each in budget.rest())
    assert taken + told == len(lines)
    assert taken <= 3 * (10 + 2 * now)
