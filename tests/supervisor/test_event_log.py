import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import ErrorKind, OuzelError
from supervisor.event_log import EventLog, LoggedEvent

sizes = st.lists(st.integers(0, 50), max_size=40)


def filled(frame_sizes: list[int], *, max_events: int = 10, max_bytes: int = 200) -> EventLog:
    """A log with frames of these sizes, each told apart by its topic."""
    log = EventLog("e1", max_events=max_events, max_bytes=max_bytes)
    for number, size in enumerate(frame_sizes, start=1):
        log.append(f"topic-{number}", b"x" * size)
    return log


def kept(log: EventLog) -> list[LoggedEvent]:
    """All that the log still has."""
    for after in range(log.head + 1):
        try:
            return log.replay("e1", after, 10**6)
        except OuzelError:
            continue
    raise AssertionError("not even the head can be replayed")


@given(sizes, st.integers(1, 12), st.integers(1, 200), st.integers(0, 60), st.integers(1, 50))
def test_a_replay_is_gapless_or_says_that_it_cannot_be(
    frame_sizes: list[int], max_events: int, max_bytes: int, after_seq: int, limit: int
) -> None:
    """Either the very next events, in order, as many as there are up to the limit; or REPLAY_GONE."""
    log = filled(frame_sizes, max_events=max_events, max_bytes=max_bytes)
    assert log.head == len(frame_sizes)
    oldest = log.head + 1 - len(kept(log))
    try:
        events = log.replay("e1", after_seq, limit)
    except OuzelError as error:
        assert error.kind is ErrorKind.REPLAY_GONE
        assert error.field == "args.after_seq"
        assert after_seq > log.head or after_seq + 1 < oldest
        return
    expected = range(after_seq + 1, min(after_seq + limit, log.head) + 1)
    assert [event.seq for event in events] == list(expected)
    assert [event.topic for event in events] == [f"topic-{number}" for number in expected]
    assert [len(event.frame) for event in events] == [frame_sizes[number - 1] for number in expected]


@given(sizes, st.integers(1, 12), st.integers(1, 200))
def test_what_is_kept_is_bounded_and_no_less_than_it_could_be(
    frame_sizes: list[int], max_events: int, max_bytes: int
) -> None:
    """By count and by bytes; the last event is always kept, however large."""
    log = filled(frame_sizes, max_events=max_events, max_bytes=max_bytes)
    events = kept(log)
    size = sum(len(event.frame) for event in events)
    assert len(events) <= max_events
    assert size <= max_bytes or len(events) == 1
    gone = frame_sizes[: len(frame_sizes) - len(events)]
    if gone:
        assert len(events) == max_events or size + gone[-1] > max_bytes or len(events) == 1


def test_an_empty_log_replays_nothing_from_zero() -> None:
    """A client that took its snapshot before the first event misses nothing."""
    log = EventLog("e1")
    assert log.head == 0
    assert log.replay("e1", 0, 100) == []
    with pytest.raises(OuzelError):
        log.replay("e1", 1, 100)


def test_another_epoch_is_gone() -> None:
    """Numbers of another numbering say nothing here."""
    with pytest.raises(OuzelError) as refused:
        filled([1, 2]).replay("e0", 1, 10)
    assert (refused.value.kind, refused.value.field) == (ErrorKind.REPLAY_GONE, "args.epoch")


def test_the_head_has_nothing_after_it() -> None:
    """Up to date is not gone."""
    assert filled([1, 2, 3]).replay("e1", 3, 10) == []


def test_paging_gives_each_event_once() -> None:
    """Asking again after the last one received walks the whole log."""
    log = filled([1] * 9)
    seen: list[int] = []
    while seen[-1:] != [log.head]:
        seen += [event.seq for event in log.replay("e1", seen[-1] if seen else 0, 4)]
    assert seen == list(range(1, 10))
