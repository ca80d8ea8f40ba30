"""A stream's requests and timers."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ouzel.requests import Requests
from ouzel.stream.event import Event
from ouzel.stream.feed import GRACE_S, LOOK_S, Feed, FeedOptions
from protocol.wire import codec
from protocol.wire.envelope import Reply, Request, parse_request
from protocol.wire.errors import ErrorKind
from tests.ouzel.samples import ID, OTHER, event, progress, refusal, reply


def feed_of(**options: object) -> Feed:
    """A feed that began at 0 s, with requests that may take 10 s."""
    return Feed(Requests(session="s"), FeedOptions(**options), 0.0)  # type: ignore[arg-type]  # each test names its own


def sent(feed: Feed) -> Request:
    """The one request to send."""
    assert len(feed.outgoing) == 1
    return parse_request(feed.outgoing.popleft())


def answer(feed: Feed, request: Request, answered: Reply, now: float = 0.0) -> None:
    """Passes on a reply."""
    feed.receive_reply([codec.encode(msgspec.structs.replace(answered, id=request.id))], now)


def started(**options: object) -> Feed:
    """A feed whose baseline is 5."""
    feed = feed_of(**options)
    answer(feed, sent(feed), reply({}, seq=5))
    assert feed.started
    return feed


def receive(feed: Feed, *events: Event) -> None:
    """Passes on events at 1 s."""
    for each in events:
        feed.receive([b"topic", codec.encode(each)], 1.0)


def test_topics() -> None:
    """With progress if wanted, and of one torrent if only one is wanted."""
    assert feed_of().topics == [b"lifecycle/", b"tick/"]
    assert feed_of(progress=True).topics == [b"lifecycle/", b"tick/", b"progress/"]
    assert feed_of(progress=True, torrent=ID).topics[-1] == f"progress/{ID}".encode()


def test_the_reader_gets_what_it_asked_for() -> None:
    """Everything is followed, but not everything is returned."""
    feed = started(torrent=ID)
    given = [event(7), event(8, "health_changed", None)]
    receive(feed, event(6, torrent=OTHER), given[0], progress(7), event(7, "tick", None), given[1])
    assert list(feed.items) == given
    feed = started(progress=True, ticks=True)
    receive(feed, progress(5), event(5, "tick", None))
    assert len(feed.items) == 2


def test_following_a_torrent_applies_to_what_was_not_read_yet() -> None:
    """Its own events stay."""
    feed = started()
    receive(feed, event(6, torrent=OTHER), event(7))
    assert feed.follow(ID) == f"progress/{ID}".encode()
    assert list(feed.items) == [event(7)]


def test_an_unanswered_request_is_made_again_under_another_id() -> None:
    """After deadline and grace; the late reply is dropped."""
    feed = feed_of()
    first = sent(feed)
    feed.advance(9.9 + GRACE_S)
    assert feed.wait_s(9.9 + GRACE_S) == pytest.approx(0.1)
    feed.advance(10.0 + GRACE_S)
    second = sent(feed)
    assert second.id != first.id
    answer(feed, first, reply({}))
    assert not feed.started
    answer(feed, second, reply({}))
    assert feed.started


def test_a_request_refused_for_now_is_made_again_when_the_daemon_said() -> None:
    """Not before."""
    feed = feed_of()
    answer(feed, sent(feed), refusal(ErrorKind.STOPPING, retry_after_ms=3000), now=1.0)
    feed.advance(3.9)
    assert not feed.outgoing
    assert feed.wait_s(3.9) == pytest.approx(0.1)
    feed.advance(4.0)
    assert sent(feed).op == "hello"


def listened(feed: Feed, now: float, until: float) -> float:
    """Polls as often as the feed wants, without a message. Returns when the daemon is found to be gone, or `until`."""
    while not feed.silent(now) and now < until:
        now = min(until, now + max(feed.wait_s(now), 0.001))
        feed.advance(now)
    return now


@given(silence_s=st.floats(0.01, 300))
def test_silence_is_measured_from_the_last_message(silence_s: float) -> None:
    """From either socket, while the reader polls."""
    feed = started(silence_s=silence_s)
    receive(feed, event(5, "tick", None))
    assert listened(feed, 1.0, 1000.0) == pytest.approx(1.0 + silence_s, abs=0.002)
    assert feed.silent(2000.0)
    assert feed.wait_s(2000.0) == 0.0


def test_silence_is_current_between_two_looks() -> None:
    """It counts between two polls."""
    feed = started()
    receive(feed, event(5, "tick", None))
    assert feed.quiet_s(1.5) == 0.5
    feed.advance(1.75)
    assert feed.quiet_s(2.25) == 1.25


@given(stops=st.lists(st.floats(1.0, 1e6), max_size=10))
def test_time_in_which_the_reader_did_not_look_is_no_silence(stops: list[float]) -> None:
    """For example while its process was stopped: messages may not have been read yet."""
    feed = started(silence_s=30.0)
    receive(feed, event(5, "tick", None))
    now = 1.0
    for stop in stops:
        now += stop
        assert feed.wait_s(now) > 0
        feed.advance(now)
        assert not feed.silent(now)
    assert feed.quiet_s(now) <= len(stops) * LOOK_S
    assert feed.silent(listened(feed, now, now + 30.0))
