import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.engine.torrents.observed.eta import AVERAGE_S, LONGEST_S, Estimates
from tests.supervisor.samples import V1


def _steady(bps: int, seconds: int) -> Estimates:
    estimates = Estimates()
    for second in range(seconds + 1):
        estimates.update(V1, second * bps, float(second))
    return estimates


@given(st.integers(1, 10**9), st.integers(1, 200), st.integers(0, 10**6))
def test_a_steady_download_takes_what_is_left_by_its_rate(bps: int, seconds: int, left_s: int) -> None:
    """From the first second on."""
    assert _steady(bps, seconds).eta_s(V1, left_s * bps, float(seconds)) == pytest.approx(left_s, abs=1, rel=1e-6)


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(-(10**6), 10**9)), max_size=20), st.integers(-5, 10**12))
def test_an_estimate_is_none_or_of_seconds_to_come(steps: list[tuple[float, int]], left: int) -> None:
    """For any input at any time: counters may fall, and time may stand still."""
    estimates, now, useful = Estimates(), 0.0, 0
    for seconds, more in steps:
        now, useful = now + seconds, useful + more
        estimates.update(V1, useful, now)
        eta_s = estimates.eta_s(V1, left, now)
        assert eta_s is None or 0 <= eta_s <= LONGEST_S


def test_a_download_that_stalls_soon_has_no_estimate() -> None:
    """It grows while nothing arrives."""
    estimates = _steady(1000, 60)
    etas = [estimates.eta_s(V1, 100_000, 60.0 + seconds) for seconds in (0, 30, 60, 600)]
    assert etas == [100, *etas[1:3], None]
    assert etas[1] is not None
    assert etas[2] is not None
    assert 100 < etas[1] < etas[2]


def test_a_rate_that_changes_is_followed_within_the_average() -> None:
    """Half of the change after some twenty seconds, nearly all after two minutes."""
    estimates = _steady(1000, 300)
    for second in range(1, 121):
        estimates.update(V1, 300_000 + second * 100, 300.0 + second)
    assert estimates.eta_s(V1, 1000, 420.0) == pytest.approx(10, abs=3)


def test_only_what_downloads_has_an_estimate() -> None:
    """None before and none after; a complete torrent is done."""
    estimates = Estimates()
    assert estimates.eta_s(V1, 5, 0.0) is None
    estimates.update(V1, 0, 0.0)
    assert estimates.eta_s(V1, 5, AVERAGE_S) is None
    assert estimates.eta_s(V1, 0, 1.0) == 0
    estimates.drop(V1)
    assert estimates.eta_s(V1, 0, 1.0) is None
