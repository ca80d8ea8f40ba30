from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from supervisor.engine.life.memory_guard import FIRST_GAP_S, MAX_GAP_S, SAMPLES, Judgement, MemoryGuard

LIMIT = 500_000_000
HIGH = LIMIT + 1
FINE = Judgement(recycle=False, problem=None)


def recycles(guard: MemoryGuard, begin: float, end: float, held: int | None = HIGH) -> list[float]:
    """The times at which an engine with this memory is replaced, measured each second."""
    return [at for at in (begin + second for second in range(int(end - begin))) if guard.judge(held, at).recycle]


def test_what_is_needed_for_a_moment_does_no_harm() -> None:
    """Several measurements in a row have to exceed the limit; a missing measurement counts as fine."""
    guard = MemoryGuard(LIMIT)
    for now, held in enumerate([HIGH, HIGH, LIMIT, HIGH, HIGH, None, HIGH, HIGH, 0]):
        assert guard.judge(held, float(now)) == FINE


def test_too_much_for_long_is_replaced_and_says_why() -> None:
    """Once, with both sizes and the key."""
    guard = MemoryGuard(LIMIT)
    *before, last = (guard.judge(700_000_000, float(now)) for now in range(SAMPLES))
    assert before == [FINE] * (SAMPLES - 1)
    assert last.recycle
    assert last.problem is not None
    assert all(part in last.problem for part in ("700 MB", "500 MB", "restart.max_memory_mb"))


def test_a_limit_of_nothing_is_none() -> None:
    """However much it is."""
    assert recycles(MemoryGuard(0), 0.0, 100.0, held=10**15) == []


def test_an_engine_that_is_too_large_at_once_is_spaced_out_and_says_so() -> None:
    """Each interval is twice the one before, up to an hour; health says when it may be replaced again."""
    guard = MemoryGuard(LIMIT)
    times = recycles(guard, 0.0, 40_000.0)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps == [FIRST_GAP_S * 2**n for n in range(6)] + [MAX_GAP_S] * (len(gaps) - 6)
    assert len(gaps) > 8
    waiting = [guard.judge(HIGH, times[-1] + 10.0 + second) for second in range(SAMPLES)][-1]
    assert not waiting.recycle
    assert waiting.problem is not None
    assert "replaced 12 s ago" in waiting.problem
    assert "3588 s" in waiting.problem


def test_one_that_grows_slowly_is_not_held_up() -> None:
    """With a leak of hours, the interval is the first one each time."""
    guard = MemoryGuard(LIMIT)
    for hour in range(1, 10):
        assert recycles(guard, hour * 3600.0, hour * 3600.0 + 10) == [hour * 3600.0 + SAMPLES - 1]
        assert recycles(guard, hour * 3600.0 + 10, hour * 3600.0 + 30, held=LIMIT) == []


@given(st.lists(st.tuples(st.floats(0.1, 5000.0), st.sampled_from([None, 0, LIMIT, HIGH, 10 * HIGH])), max_size=60))
def test_whatever_it_holds_it_is_never_replaced_in_a_tight_loop(looks: list[tuple[float, int | None]]) -> None:
    """No two recycles within the first interval, none without several measurements, and each with its reason."""
    guard, now, last, over = MemoryGuard(LIMIT), 0.0, -FIRST_GAP_S, 0
    for passed, held in looks:
        now += passed
        over = over + 1 if held is not None and held > LIMIT else 0
        judged = guard.judge(held, now)
        assert not judged.recycle or judged.problem is not None
        assert judged.problem is None or over >= SAMPLES
        if judged.recycle:
            assert now - last >= FIRST_GAP_S
            last, over = now, 0
