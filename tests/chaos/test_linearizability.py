"""The checker of registers agrees with a search through all orders."""

from itertools import permutations
from math import inf
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tools.chaos.checker.linearizability import ABSENT, Kind, Step, effect, first_stuck

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "known", "ensure", "remove", "write", "read"]),
        st.sampled_from(["a", "b", ABSENT]),
        st.integers(0, 9),
        st.integers(0, 4),
        st.booleans(),
    ),
    max_size=5,
)


def steps_of(drawn: list[tuple[Kind, str, int, int, bool]]) -> list[Step]:
    """Steps with different times. Only reads find that there is no torrent, and each of them has an end."""
    made = []
    for number, (kind, value, called, lasts, unknown) in enumerate(drawn):
        known = "a" if value == ABSENT and kind != "read" else value
        returned = inf if unknown and kind != "read" else called + lasts + 0.5 + number / 100
        made.append(Step(number, kind, known, called + number / 100, returned))
    return made


def explained(steps: list[Step]) -> bool:
    """Whether some order of all steps with an end, and of some of the others, explains the values."""
    required = [step for step in steps if step.returned < inf]
    optional = [step for step in steps if step.returned == inf]
    for chosen in range(1 << len(optional)):
        some = required + [step for index, step in enumerate(optional) if chosen >> index & 1]
        if any(_follows(order) for order in permutations(some)):
            return True
    return False


def _follows(order: tuple[Step, ...]) -> bool:
    for index, step in enumerate(order):
        if any(later.returned < step.called for later in order[index + 1 :]):
            return False
    value: Any = ABSENT
    for step in order:
        after = effect(step, value)
        if after is None:
            return False
        value = after[0]
    return True


@given(STEPS)
def test_it_agrees_with_a_search_through_all_orders(drawn: list[tuple[Kind, str, int, int, bool]]) -> None:
    """Also with steps whose end is unknown."""
    steps = steps_of(drawn)
    assert (first_stuck(steps) is None) == explained(steps)


def test_many_unknown_ends_cost_little() -> None:
    """Their values differ, so each of them may be the present one."""
    steps = [Step(0, "add", "0", 0, 1)]
    steps += [Step(number, "write", str(number), number + 1, inf) for number in range(1, 400)]
    steps += [Step(1000 + number, "read", "0", 1000 + number, 1000.5 + number) for number in range(100)]
    assert first_stuck(steps) is None
    stuck = first_stuck([*steps, Step(2000, "read", "nobody's", 2000, 2001)])
    assert stuck is not None
    assert stuck.step.number == 2000
