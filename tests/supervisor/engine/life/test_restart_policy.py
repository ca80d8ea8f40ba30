from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.engine.life.restart_policy import FIRST_DELAY_S, JITTER_S, PROBE_S, RestartPolicy, standard_policy
from supervisor.pacing.backoff import Backoff

young = st.integers(0, 5000)
caps = st.floats(0.001, 3600)


def crashes(count: int) -> tuple[float, ...]:
    """This many crashes, all in any window."""
    return tuple(100.0 + at / 1000 for at in range(count))


@given(young, caps, st.integers(0, 50), st.integers(0, 50))
def test_a_delay_is_between_zero_and_the_cap(young_deaths: int, cap_s: float, budget: int, count: int) -> None:
    """For any history; over the budget there is none, and the first crash has no delay."""
    policy = standard_policy(window_s=60, budget=budget, max_delay_s=cap_s)
    delay_s = policy.delay_s(crashes(count), young_deaths)
    if count > budget:
        assert delay_s is None
        return
    assert delay_s is not None
    assert 0 <= delay_s <= cap_s
    if count <= 1:
        assert delay_s == 0


@given(st.integers(1, 20))
def test_the_jitter_stays_in_its_bounds(young_deaths: int) -> None:
    """The n-th young death waits a quarter of a second times 2^(n-1), plus less than the jitter."""
    policy = standard_policy(window_s=60, budget=100, max_delay_s=1e9)
    exact_s = FIRST_DELAY_S * 2 ** (young_deaths - 1)
    delay_s = policy.delay_s(crashes(2), young_deaths)
    assert delay_s is not None
    assert exact_s <= delay_s <= exact_s + JITTER_S


@given(caps)
def test_delays_grow_up_to_the_cap(cap_s: float) -> None:
    """Each is longer than the one before, with or without jitter, until the cap is reached."""
    policy = standard_policy(window_s=60, budget=100, max_delay_s=cap_s)
    delays = [policy.delay_s(crashes(2), number) or 0.0 for number in range(1, 40)]
    assert all(later > earlier or earlier == cap_s for earlier, later in pairwise(delays))
    assert delays[-1] == cap_s


def test_two_engines_do_not_wait_alike() -> None:
    """There is jitter."""
    policy = standard_policy(window_s=60, budget=100, max_delay_s=30)
    assert len({policy.delay_s(crashes(2), 3) for _ in range(20)}) > 1


def test_a_run_that_settled_starts_the_back_off_over() -> None:
    """Without a young death before this crash, the delay is the first one."""
    policy = standard_policy(window_s=60, budget=100, max_delay_s=30)
    for young_deaths in (0, 1):
        delay_s = policy.delay_s(crashes(5), young_deaths)
        assert delay_s is not None
        assert delay_s <= FIRST_DELAY_S + JITTER_S


@given(st.lists(st.floats(0, 1000)), st.floats(0.1, 100), st.floats(0, 1000))
def test_only_crashes_in_the_window_count(at: list[float], window_s: float, now: float) -> None:
    """Those older than the window are forgotten, and no others."""
    policy = RestartPolicy(window_s=window_s, budget=5, backoff=Backoff(lambda _: 0.0))
    kept = policy.recent(tuple(at), now)
    assert list(kept) == [crash for crash in at if now - crash <= window_s]


@pytest.mark.parametrize("budget", [0, 1, 5])
def test_the_budget_is_what_is_put_up_with(budget: int) -> None:
    """`budget` crashes are within it, one more is not."""
    policy = standard_policy(window_s=60, budget=budget, max_delay_s=30)
    assert policy.delay_s(crashes(budget), 1) is not None
    assert policy.delay_s(crashes(budget + 1), 1) is None


def test_probes_are_made_every_five_minutes() -> None:
    """Only tests use another interval."""
    assert standard_policy(window_s=60, budget=5, max_delay_s=30).probe_s == PROBE_S == 300
    assert standard_policy(window_s=60, budget=5, max_delay_s=30, probe_s=2).probe_s == 2
