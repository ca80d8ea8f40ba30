import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.events.session_events import SessionError
from supervisor.events.event_log import EventLog, LoggedEvent

sizes = st.lists(st.integers(0, 200), max_size=40)
LEAST = 100
"""No event is smaller."""


def filled(text_sizes: list[int], *, max_events: int = 10, max_bytes: int = 10_000) -> EventLog:
    """A log of events with texts of these sizes; each has its own name."""
    log = EventLog("e1", max_events=max_events, max_bytes=max_bytes)
    for number, size in enumerate(text_sizes, start=1):
        log.append(SessionError(name=f"n{number}", message="x" * size), gen=3, ts_us=number)
    return log


def kept(log: EventLog) -> list[LoggedEvent]:
    """All events that the log still has."""
    for after in range(log.head + 1):
        try:
            return log.replay("e1", after, 10**6)
        except OuzelError:
            continue
    raise AssertionError("not even the head can be replayed")


@given(sizes, st.integers(1, 12), st.integers(1, 3000), st.integers(0, 60), st.integers(1, 50))
def test_a_replay_is_gapless_or_says_that_it_cannot_be(
    text_sizes: list[int], max_events: int, max_bytes: int, after_seq: int, limit: int
) -> None:
    """Either the next events, in order, up to the limit; or REPLAY_GONE."""
    log = filled(text_sizes, max_events=max_events, max_bytes=max_bytes)
    assert log.head == len(text_sizes)
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
    frames = [msgpack.unpackb(log.frame(event)) for event in events]
    assert [(frame["seq"], frame["ts_us"], frame["data"]["name"]) for frame in frames] == [
        (number, number, f"n{number}") for number in expected
    ]
    assert [len(frame["data"]["message"]) for frame in frames] == [text_sizes[number - 1] for number in expected]


@given(
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 12)), max_size=15), st.integers(1, 8), st.integers(1, 1500)
)
def test_what_is_kept_is_bounded_whoever_asks_for_bytes_and_when(
    texts: list[tuple[int, int]], max_events: int, max_bytes: int
) -> None:
    """By count and by bytes, as much as possible; the last event is always kept, however large."""
    log = EventLog("e1", max_events=max_events, max_bytes=max_bytes)
    logged: list[LoggedEvent] = []
    for number, (size, asked_for) in enumerate(texts, start=1):
        logged.append(log.append(SessionError(name=f"n{number}", message="x" * size), gen=1, ts_us=0))
        events = kept(log)
        assert events == logged[-len(events) :]
        assert len(events) <= max_events
        assert log._bytes <= max_bytes or len(events) == 1
        if len(events) < min(number, max_events):
            assert log._bytes + logged[-len(events) - 1].size > max_bytes
        log.frame(logged[asked_for % number])  # which may have been evicted
        assert log._bytes == sum(event.size for event in events)
        assert all(len(event.encode()) == event.size for event in events if event.encoded)


def test_an_event_is_encoded_once_and_only_when_its_bytes_are_wanted() -> None:
    """A subscriber and a replay get the same bytes; the event object is released."""
    log = filled([10, 20, 30])
    assert not any(event.encoded for event in kept(log))
    first, second, third = kept(log)
    assert log.frame(second) is log.frame(log.replay("e1", 1, 1)[0])
    assert [event.encoded for event in (first, second, third)] == [False, True, False]
    assert second.size == len(log.frame(second))


def test_an_empty_log_replays_nothing_from_zero() -> None:
    """A client with a snapshot from before the first event misses nothing."""
    log = EventLog("e1")
    assert log.head == 0
    assert log.replay("e1", 0, 100) == []
    with pytest.raises(OuzelError):
        log.replay("e1", 1, 100)


def test_another_epoch_is_gone() -> None:
    """Numbers of another epoch mean nothing."""
    with pytest.raises(OuzelError) as refused:
        filled([1, 2]).replay("e0", 1, 10)
    assert (refused.value.kind, refused.value.field) == (ErrorKind.REPLAY_GONE, "args.epoch")


def test_the_head_has_nothing_after_it() -> None:
    """A client that is up to date gets an empty replay, not an error."""
    assert filled([1, 2, 3]).replay("e1", 3, 10) == []


def test_paging_gives_each_event_once() -> None:
    """Repeated requests after the last event received return the whole log."""
    log = filled([1] * 9)
    seen: list[int] = []
    while seen[-1:] != [log.head]:
        seen += [event.seq for event in log.replay("e1", seen[-1] if seen else 0, 4)]
    assert seen == list(range(1, 10))
