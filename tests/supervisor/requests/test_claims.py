from hypothesis import given
from hypothesis import strategies as st

from supervisor.requests.claims import (
    BAD_FRAMES_BURST,
    BAD_FRAMES_PER_S,
    BAD_REQUESTS_BURST,
    BAD_REQUESTS_PER_S,
    BAD_REQUESTS_WAITING_MAX,
    IN_FLIGHT_BYTES_MAX,
    IN_FLIGHT_MAX,
    TOTAL_BYTES_MAX,
    BadFrames,
    BadRequests,
    Claim,
    Claims,
)

MIB = 2**20
BURST = int(BAD_REQUESTS_BURST)


def test_a_connection_may_have_so_many_under_way_and_others_notice_nothing() -> None:
    """One more is admitted when one has ended, and not when only some of its holders are done."""
    claims = Claims()
    taken = [claims.acquire(b"a", 10) for _ in range(IN_FLIGHT_MAX)]
    assert not claims.admits(b"a", 10)
    assert claims.admits(b"b", 10)
    taken[0].hold()
    taken[0].release()
    assert not claims.admits(b"a", 10)
    taken[0].release()
    assert claims.admits(b"a", 10)


def test_bytes_are_bounded_for_each_and_for_all() -> None:
    """At the total bound, a connection with nothing in flight may still have one; so nobody is locked out."""
    claims = Claims()
    assert claims.admits(b"a", 2 * IN_FLIGHT_BYTES_MAX)
    claims.acquire(b"a", IN_FLIGHT_BYTES_MAX - 10)
    assert claims.admits(b"a", 10)
    assert not claims.admits(b"a", 11)
    for number in range(TOTAL_BYTES_MAX // (16 * MIB)):
        claims.acquire(b"%d" % number, 16 * MIB)
    assert not claims.admits(b"1", 1)
    assert claims.admits(b"new", 16 * MIB)


@given(st.lists(st.tuples(st.sampled_from([b"a", b"b", b"c"]), st.integers(0, 100), st.booleans())))
def test_what_has_ended_leaves_nothing_behind(steps: list[tuple[bytes, int, bool]]) -> None:
    """Neither bytes nor connections."""
    claims = Claims()
    open_: list[Claim] = []
    for peer, size, ends in steps:
        open_.append(claims.acquire(peer, size))
        if ends:
            open_.pop(0).release()
    for claim in open_:
        claim.release()
    assert (len(claims), claims.total_bytes) == (0, 0)


def test_a_burst_of_bad_frames_is_answered_then_the_limit_once_a_second() -> None:
    """After a quiet time, errors are sent again."""
    bad = BadFrames()
    burst = int(BAD_FRAMES_BURST)
    assert [bad.note(b"a", 0.0) for _ in range(burst + 3)] == ["error"] * burst + ["limit", None, None]
    assert bad.note(b"b", 0.0) == "error"
    assert bad.note(b"a", 1.0) == "error"
    assert bad.note(b"a", 1.0 + burst / BAD_FRAMES_PER_S) == "error"


@given(st.lists(st.floats(0, 0.2), max_size=400))
def test_answers_to_bad_frames_are_bounded_by_the_rate(pauses: list[float]) -> None:
    """However the frames are distributed."""
    bad = BadFrames()
    now, answers = 0.0, 0
    for pause in pauses:
        now += pause
        answers += bad.note(b"a", now) is not None
    assert answers <= BAD_FRAMES_BURST + now * (BAD_FRAMES_PER_S + 1) + 2


def test_a_million_connections_are_not_remembered() -> None:
    """Only the latest are."""
    bad = BadFrames(remembered_max=100)
    for number in range(5000):
        bad.note(b"%d" % number, 0.0)
    assert len(bad) == 100


@given(st.lists(st.tuples(st.sampled_from([b"a", b"b"]), st.floats(0, 0.1), st.integers(1, 60)), max_size=60))
def test_refusals_are_spread_to_a_burst_and_a_rate(steps: list[tuple[bytes, float, int]]) -> None:
    """In any period, for each connection by itself, and in the order of arrival."""
    bad, now = BadRequests(), 1000.0
    due: dict[bytes, list[float]] = {b"a": [], b"b": []}
    for peer, later, count in steps:
        now += later
        for _ in range(count):
            wait_s = bad.wait_s(peer, now)
            if wait_s is not None:
                assert 0 <= wait_s <= BAD_REQUESTS_WAITING_MAX / BAD_REQUESTS_PER_S
                due[peer].append(now + wait_s)
    for times in due.values():
        assert times == sorted(times)
        for first in range(0, len(times), 7):
            for last in range(first, len(times)):
                allowed = BAD_REQUESTS_BURST + (times[last] - times[first]) * BAD_REQUESTS_PER_S
                assert last - first + 1 <= allowed + 1.001


def test_refusals_wait_only_so_long_and_then_are_too_many() -> None:
    """Those over the bound do not delay the next ones. Other connections, and quiet ones, wait for nothing."""
    bad = BadRequests()
    waits = [bad.wait_s(b"a", 0.0) for _ in range(1000)]
    told = [wait_s for wait_s in waits if wait_s is not None]
    assert waits[:BURST] == [0.0] * BURST
    assert len(told) == BURST + BAD_REQUESTS_WAITING_MAX
    assert waits == told + [None] * (1000 - len(told))
    assert bad.wait_s(b"b", 0.0) == 0.0
    assert bad.wait_s(b"a", 1 / BAD_REQUESTS_PER_S) is not None
    quiet_s = (BAD_REQUESTS_WAITING_MAX + BURST) / BAD_REQUESTS_PER_S + 1
    assert [bad.wait_s(b"a", quiet_s) for _ in range(BURST)] == [0.0] * BURST


def test_the_connections_whose_refusals_are_counted_are_bounded() -> None:
    """Only the latest are remembered."""
    bad = BadRequests(remembered_max=10)
    for number in range(100):
        bad.wait_s(b"%d" % number, 0.0)
    assert len(bad) == 10
