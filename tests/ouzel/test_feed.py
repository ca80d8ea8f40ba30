"""A stream's requests and timers."""

import msgspec

from ouzel.event import Event
from ouzel.feed import GRACE_S, Feed, FeedOptions
from ouzel.requests import Requests
from protocol import codec
from protocol.envelope import Reply, Request, parse_request
from protocol.errors import ErrorKind
from tests.ouzel.samples import ID, OTHER, event, progress, refusal, reply


def feed_of(**options: object) -> Feed:
    """A feed that began at 0 s, with requests that may take 10 s."""
    return Feed(Requests(session="s"), FeedOptions(**options), 0.0)  # type: ignore[arg-type]  # each test names its own


def sent(feed: Feed) -> Request:
    """The one request to send."""
    assert len(feed.outgoing) == 1
    return parse_request(feed.outgoing.popleft())


def answer(feed: Feed, request: Request, answered: Reply, now: float = 0.0) -> None:
    """Hands a reply over."""
    feed.receive_reply([codec.encode(msgspec.structs.replace(answered, id=request.id))], now)


def started(**options: object) -> Feed:
    """A feed whose baseline is 5."""
    feed = feed_of(**options)
    answer(feed, sent(feed), reply({}, seq=5))
    assert feed.started
    return feed


def receive(feed: Feed, *events: Event) -> None:
    """Hands events over at 1 s."""
    for each in events:
        feed.receive([b"topic", codec.encode(each)], 1.0)


def test_topics() -> None:
    """Progress where it is wanted, of one torrent where only one is."""
    assert feed_of().topics == [b"lifecycle/", b"tick/"]
    assert feed_of(progress=True).topics == [b"lifecycle/", b"tick/", b"progress/"]
    assert feed_of(progress=True, torrent=ID).topics[-1] == f"progress/{ID}".encode()


def test_the_reader_gets_what_it_asked_for() -> None:
    """Everything is followed, not everything is given."""
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
    assert feed.wait_s(1.0) == 9.0 + GRACE_S
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
    assert feed.wait_s(1.0) == 3.0
    feed.advance(3.9)
    assert not feed.outgoing
    feed.advance(4.0)
    assert sent(feed).op == "hello"


def test_silence_is_measured_from_the_last_message() -> None:
    """Of either socket."""
    feed = started(silence_s=30.0)
    receive(feed, event(5, "tick", None))
    assert feed.quiet_s(3.5) == 2.5
    assert not feed.silent(30.9)
    assert feed.silent(31.0)
    assert feed.wait_s(40.0) == 0.0
