from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from engine_proc.session.alerts import TrackerAnswered, TrackerAsked, TrackerFailed
from engine_proc.trackers import tracker_book
from engine_proc.trackers.tracker_book import KNOWN_AT_ONCE, TIMES_TOLD, TrackerBook
from protocol.internal.link_events import TrackerReport, TrackersKnown

A, B = "a" * 40, "b" * 40
URL, OTHER_URL = "http://t.example/announce", "udp://u.example:6969"
V4, V6 = "192.0.2.1 6881 v1", "2001:db8::1 6881 v1"

Said = TrackerAsked | TrackerAnswered | TrackerFailed


def failed(leg: str = V4, times: int = 1, problem: str = "refused", *, url: str = URL, torrent: str = A) -> Said:
    """A leg has failed."""
    return TrackerFailed(torrent, url, leg, problem, times)


def skipped(leg: str = V6) -> Said:
    """A leg was skipped."""
    return TrackerFailed(A, URL, leg, "unreachable", 1, skipped=True)


def fed(book: TrackerBook, *alerts: Said) -> list[TrackerReport]:
    """The reports that follow from some alerts."""
    return [told for alert in alerts for told in book.apply(alert)]


def works(torrent: str = A, url: str = URL) -> TrackerReport:
    """A report that it works."""
    return TrackerReport(torrent=torrent, url=url, works=True)


def fails(times: int = 1, message: str = "refused") -> TrackerReport:
    """A report that it fails."""
    return TrackerReport(torrent=A, url=URL, works=False, message=message, times=times)


def test_a_tracker_that_works_is_told_once() -> None:
    """And not at each announce."""
    book = TrackerBook()
    asked, answered = TrackerAsked(A, URL, V4), TrackerAnswered(A, URL, V4)
    assert fed(book, asked, answered, asked, answered, asked, answered) == [works()]


def test_failures_are_told_a_few_times() -> None:
    """Later, only new messages are reported, and that it works again."""
    book = TrackerBook()
    many = [failed(times=times) for times in range(1, 20)]
    assert fed(book, *many) == [fails(times) for times in TIMES_TOLD]
    assert fed(book, failed(times=99, problem="gone")) == [fails(TIMES_TOLD[-1], "gone")]
    assert fed(book, TrackerAnswered(A, URL, V4), failed()) == [works(), fails()]


def test_a_tracker_works_while_one_leg_does() -> None:
    """Another leg may fail for ever, such as IPv6 without a route."""
    book = TrackerBook()
    asked = [TrackerAsked(A, URL, V6), TrackerAsked(A, URL, V4)]
    assert fed(book, *asked, failed(V6), TrackerAnswered(A, URL, V4)) == [works()]
    assert fed(book, failed(V6, 2), failed(V6, 3)) == []
    assert fed(book, failed(V4, 7, "down")) == [fails(6, "refused")]
    assert fed(book, TrackerAnswered(A, URL, V6)) == [works()]


def test_the_message_is_of_the_leg_that_matters() -> None:
    """The tracker's own words come first; otherwise not those of the loopback leg, unless the tracker is there."""
    here = "127.0.0.1 6881 v1"
    legs = [failed(here, problem="invalid argument"), failed(V4, problem="timed out")]
    book = TrackerBook()
    for order in (legs, legs[::-1]):
        book = TrackerBook()
        assert fed(book, TrackerAsked(A, URL, here), TrackerAsked(A, URL, V4), *order) == [fails(1, "timed out")]
    said = TrackerFailed(A, URL, here, "banned", 1, said=True)
    assert fed(book, said) == [fails(1, "banned")]
    local = "http://127.0.0.1:9/announce"
    book = TrackerBook()
    [told] = fed(book, *(failed(leg, problem=leg, url=local) for leg in (V4, here)))[1:]
    assert told.message == here


def test_nothing_is_said_before_each_leg_has_answered() -> None:
    """The first leg to fail does not decide for the others."""
    book = TrackerBook()
    assert fed(book, TrackerAsked(A, URL, V6), TrackerAsked(A, URL, V4), failed(V6)) == []
    assert fed(book, failed(V4, problem="down")) == [fails(1, "refused")]


def test_a_leg_that_is_skipped_counts_only_alone() -> None:
    """A tracker without a reachable address fails."""
    book = TrackerBook()
    asked = [TrackerAsked(A, URL, V6), TrackerAsked(A, URL, V4)]
    assert fed(book, *asked, skipped(V6), failed(V4)) == [fails()]
    assert fed(book, TrackerAnswered(A, URL, V4), skipped(V6)) == [works()]
    assert fed(TrackerBook(), skipped(V6)) == [fails(1, "unreachable")]


def test_what_legs_said_that_are_gone_is_void() -> None:
    """If the address is gone on which a tracker worked, the other legs decide."""
    book = TrackerBook()
    fed(book, TrackerAnswered(A, URL, V4), failed(V6))
    assert book.open(A, URL)
    assert book.prune(A, URL, [V4, V6]) == []
    assert book.prune(B, URL, [V4, V6]) == []
    assert book.prune(A, URL, [V6]) == [fails()]
    assert not book.open(A, URL)
    assert not book.open(B, URL)


def test_a_leg_that_has_not_come_to_a_tracker_speaks_for_it() -> None:
    """One leg fails on both trackers, the other works on the first: the second has no status.

    Once that leg is gone, the second fails.
    """
    book = TrackerBook()
    fed(book, TrackerAnswered(A, URL, V4), failed(V6))
    assert fed(book, failed(V6, url=OTHER_URL)) == []
    assert book.open(A, OTHER_URL)
    [told] = book.prune(A, OTHER_URL, [V6, V6.replace("v1", "v2")])
    assert (told.url, told.works) == (OTHER_URL, False)
    assert fed(book, failed(V6, url=OTHER_URL, torrent=B)) != []


def test_legs_of_the_other_kind_of_info_hash_are_not_waited_for() -> None:
    """A v1 torrent has no v2 legs."""
    book = TrackerBook()
    fed(book, TrackerAnswered(B, URL, V4.replace("v1", "v2")))
    assert fed(book, failed()) == [fails()]


def test_trackers_and_torrents_are_told_apart() -> None:
    """A problem of one does not affect another."""
    book = TrackerBook()
    told = fed(book, TrackerAnswered(A, URL, V4), TrackerAnswered(B, URL, V4), TrackerAnswered(A, OTHER_URL, V4))
    assert told == [works(), works(B), works(A, OTHER_URL)]
    assert fed(book, failed()) == [fails()]
    book.discard(A)
    assert fed(book, failed(), TrackerAnswered(B, URL, V4)) == [fails()]


def test_torrents_with_the_same_trackers_are_told_together() -> None:
    """A bounded number in one message, each once."""
    book = TrackerBook()
    torrents = [f"{number:040x}" for number in range(KNOWN_AT_ONCE + 1)]
    for torrent in torrents:
        book.known(torrent, [(URL, 0), (OTHER_URL, 1)])
    book.known(A, [])
    news = book.news()
    assert [(each.trackers, len(each.torrents)) for each in news] == [
        ([(URL, 0), (OTHER_URL, 1)], KNOWN_AT_ONCE),
        ([(URL, 0), (OTHER_URL, 1)], 1),
        ([], 1),
    ]
    assert news[-1] == TrackersKnown(trackers=[], torrents=[A])
    assert [torrent for each in news[:-1] for torrent in each.torrents] == torrents
    assert book.news() == []


def test_changed_trackers_replace_those_that_were_not_told_yet() -> None:
    """The last list is told, and the answers of all trackers are told anew, since a removed one may be added again."""
    book = TrackerBook()
    book.known(A, [(URL, 0)])
    book.known(B, [(URL, 0)])
    told = fed(book, TrackerAnswered(A, URL, V4))
    book.changed(A, [(OTHER_URL, 1)])
    book.changed(A, [(URL, 0)])
    book.changed(A, [])
    assert [(each.trackers, each.torrents) for each in book.news()] == [([(URL, 0)], [B]), ([], [A])]
    assert fed(book, TrackerAnswered(A, URL, V4)) == told


def test_torrents_whose_trackers_work_share_what_is_kept() -> None:
    """Also if a leg is skipped. The table of shared states is bounded."""
    book = TrackerBook()
    for torrent in (A, B):
        order = [TrackerFailed(torrent, URL, V6, "unreachable", 7, skipped=True), TrackerAnswered(torrent, URL, V4)]
        fed(book, *(order if torrent == A else reversed(order)))
    assert book._states[A] is book._states[B]
    for number in range(tracker_book.SHARED_MAX + 10):
        book.apply(TrackerAnswered(A, f"{URL}/{number}", V4))
        book.discard(A)
    assert len(book._shared) <= tracker_book.SHARED_MAX


_alerts: st.SearchStrategy[Said] = st.one_of(
    st.builds(TrackerAsked, st.just(A), st.sampled_from([URL, OTHER_URL]), st.sampled_from([V4, V6])),
    st.builds(TrackerAnswered, st.just(A), st.sampled_from([URL, OTHER_URL]), st.sampled_from([V4, V6])),
    st.builds(
        TrackerFailed,
        st.just(A),
        st.sampled_from([URL, OTHER_URL]),
        st.sampled_from([V4, V6]),
        st.sampled_from(["x", "y"]),
        st.integers(1, 12),
        st.booleans(),
        st.booleans(),
    ),
)


@given(st.lists(_alerts, max_size=40))
def test_the_last_word_told_is_what_the_legs_say(alerts: Sequence[Said]) -> None:
    """Each tracker works if a leg's last answer was positive, and nothing is reported twice."""
    book = TrackerBook()
    last: dict[str, TrackerReport] = {}
    answers: dict[tuple[str, str], bool | None] = {}
    for alert in alerts:
        for told in book.apply(alert):
            assert last.get(told.url) != told
            last[told.url] = told
        key = (alert.url, alert.leg)
        if isinstance(alert, TrackerAsked):
            answers.setdefault(key, None)
        else:
            answers[key] = isinstance(alert, TrackerAnswered)
    for url in (URL, OTHER_URL):
        said = [answer for (of, _), answer in answers.items() if of == url]
        if True in said:
            assert last[url].works
        elif said == [False, False]:
            assert not last[url].works
