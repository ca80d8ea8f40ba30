import tenacity
from hypothesis import given
from hypothesis import strategies as st

from supervisor.pacing.backoff import Backoff, exponential


@given(st.integers(1, 10_000), st.floats(0.001, 100), st.floats(0.001, 1e6))
def test_it_doubles_up_to_the_cap(attempt: int, first_s: float, max_s: float) -> None:
    """For any number of attempts."""
    delay_s = exponential(first_s, max_s).delay_s(attempt)
    expected = min(max_s, first_s * 2 ** min(attempt - 1, 1000))
    assert abs(delay_s - expected) <= 1e-9 * expected


@given(st.integers(1, 5000), st.floats(0.001, 3600), st.floats(0.001, 1))
def test_jitter_adds_and_never_exceeds_the_cap(attempt: int, max_s: float, jitter_s: float) -> None:
    """It is random for each attempt."""
    exact = exponential(0.25, max_s).delay_s(attempt)
    assert exact <= exponential(0.25, max_s, jitter_s=jitter_s).delay_s(attempt) <= min(max_s, exact + jitter_s)


def test_any_strategy_of_tenacitys_will_do() -> None:
    """They get only the number of the attempt."""
    chain = tenacity.wait_chain(*(tenacity.wait_fixed(delay_s) for delay_s in (1, 2, 30)))
    assert [Backoff(chain).delay_s(attempt) for attempt in (1, 2, 3, 4)] == [1, 2, 30, 30]
