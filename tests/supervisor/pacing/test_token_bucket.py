from hypothesis import given
from hypothesis import strategies as st

from supervisor.pacing.token_bucket import TokenBucket


@given(st.lists(st.floats(0, 2), max_size=200), st.integers(1, 20), st.floats(0.1, 50))
def test_no_more_is_taken_than_burst_and_rate_allow(pauses: list[float], burst: int, per_s: float) -> None:
    """For any distribution of attempts; the burst is available at once."""
    bucket, now, taken = TokenBucket(burst, per_s, 0.0), 0.0, 0
    for pause in pauses:
        now += pause
        taken += bucket.take(now)
    assert min(burst, len(pauses)) <= taken <= burst + now * per_s + 0.001


def test_what_is_owed_is_paid_back_first() -> None:
    """Each token beyond the last one adds to the debt; none can be taken before the debt is repaid."""
    bucket = TokenBucket(2, 1, 0.0)
    assert [bucket.owe(0.0) for _ in range(4)] == [0, 0, 1, 2]
    assert not bucket.take(2.5)
    assert bucket.take(3.0)


def test_it_fills_up_to_the_burst_and_no_further() -> None:
    """A long idle time saves no more than the burst."""
    bucket = TokenBucket(3, 1, 0.0)
    assert bucket.left(1e6) == 3
