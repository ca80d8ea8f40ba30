from hypothesis import given
from hypothesis import strategies as st

from gateway.metrics.adding_up import AddingUp


def test_values_of_processes_are_added() -> None:
    """A lower value of any counter shows another process."""
    sums = AddingUp()
    assert sums.add({"a": 5, "b": 1}) == {"a": 5, "b": 1}
    assert sums.add({"a": 7, "b": 1}) == {"a": 7, "b": 1}
    assert sums.add({"a": 9, "b": 0}) == {"a": 16, "b": 1}
    assert sums.add({"a": 0, "b": 2}) == {"a": 16, "b": 3}


@given(st.lists(st.fixed_dictionaries({"a": st.integers(0, 9), "b": st.integers(0, 9)})))
def test_sums_never_go_down(values: list[dict[str, float]]) -> None:
    """Whatever the processes count."""
    sums = AddingUp()
    last = {"a": 0.0, "b": 0.0}
    for each in values:
        found = sums.add(each)
        assert all(found[name] >= last[name] for name in last)
        last = found
