from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from protocol.internal.link_events import TrackerReport
from protocol.internal.link_queries import TrackerReading
from protocol.wire.events.torrent_events import TrackerStatusChanged
from protocol.wire.peer_rows import TrackerRow, TrackerStatus
from supervisor.engine.torrents.observed import trackers
from supervisor.engine.torrents.observed.trackers import FAILURES, FAILURES_AGAIN, Trackers, urls_of_link
from tests.supervisor.samples import NOW_US, OTHER, V1

URL, SPARE = "http://t.example/0123456789abcdef/announce", "udp://u.example:6969"
SOURCES = [(URL, 0), (SPARE, 1)]


def book(*sources: tuple[str, int]) -> Trackers:
    """The book of a torrent with one tracker, or with these."""
    made = Trackers()
    made.known([V1], sources or [(URL, 0)])
    return made


def tell(on: Trackers, works: bool, times: int = 1, *, now: float = 1.0, **more: Any) -> TrackerStatusChanged | None:
    """An engine's report about a tracker."""
    given: dict[str, Any] = {"torrent": V1, "url": URL, "message": "" if works else "refused"}
    return on.apply(TrackerReport(works=works, times=0 if works else times, **(given | more)), now, NOW_US + int(now))


def statuses(on: Trackers) -> list[TrackerStatus]:
    """The statuses of the torrent's trackers."""
    return [row.status for row in on.rows(V1, 1.0)]


FAILS = TrackerStatusChanged(torrent=V1, url=URL, status=TrackerStatus.ERROR, message="refused")
WORKS = TrackerStatusChanged(torrent=V1, url=URL, status=TrackerStatus.WORKING)


def test_a_new_tracker_that_fails_is_told_at_once_and_that_it_works_is_no_news() -> None:
    """Once, and not at each announce; and then that it has answered."""
    on = book()
    assert [tell(on, False, times) for times in (1, 2, 3)] == [FAILS, None, None]
    assert [tell(on, True), tell(on, True)] == [WORKS, None]
    fresh = book()
    assert tell(fresh, True) is None
    assert statuses(fresh) == [TrackerStatus.WORKING]


def test_a_tracker_that_has_worked_is_told_when_it_fails_twice_in_a_row() -> None:
    """Its status in rows is right all the time."""
    on = book()
    tell(on, True)
    assert tell(on, False, 1) is None
    assert statuses(on) == [TrackerStatus.ERROR]
    assert tell(on, True) is None
    assert [tell(on, False, 1), tell(on, False, 2)] == [None, FAILS]


def test_a_tracker_that_goes_back_and_forth_is_told_less() -> None:
    """After more consecutive failures than the first time."""
    on = book()
    tell(on, True)
    needed = []
    for _ in range(3):
        told = [tell(on, False, times) for times in (1, 2, 6)]
        needed.append((1, 2, 6)[told.index(FAILS)])
        assert told.count(None) == 2
        assert tell(on, True) == WORKS
    assert needed == [FAILURES, FAILURES_AGAIN, FAILURES_AGAIN]


def test_of_many_trackers_of_a_torrent_some_are_told() -> None:
    """When one of these works again, that is published, and then there is room for another."""
    urls = [f"{URL}/{number}" for number in range(50)]
    on = book(*((url, 0) for url in urls))
    told = [tell(on, False, url=url) for url in urls]
    assert sum(each is not None for each in told) == trackers.TOLD_MAX
    assert on.count_failing(0, 1.0) == 1
    assert tell(on, True, url=urls[-1]) is None
    assert tell(on, True, url=urls[0]) is not None
    assert tell(on, False, 2, url=urls[-2]) is not None
    assert tell(on, False, 2, url=urls[-3]) is None


def test_thousands_of_torrents_with_a_dead_tracker_do_not_flood_the_events() -> None:
    """The others are published later, if they still fail."""
    on, count = Trackers(), int(trackers.BURST) + 100
    torrents = [f"{number:040x}" for number in range(count)]
    on.known(torrents, [(URL, 0)])
    told = [tell(on, False, torrent=torrent) for torrent in torrents]
    assert sum(each is not None for each in told) == trackers.BURST
    assert on.count_failing(0, 1.0) == count
    late = [tell(on, False, 2, torrent=torrent, now=51.0) for torrent in torrents]
    assert sum(each is not None for each in late) == 50 * trackers.PER_S


def test_the_next_engine_tells_what_is_known_and_it_is_no_news() -> None:
    """Its counts start again; the start times of failures stay."""
    on = book()
    assert tell(on, False, 3, now=5.0) == FAILS
    on.known([V1], [(URL, 0)])
    assert tell(on, False, 1, now=50.0) is None
    assert on.failing_since(V1) == 5.0
    assert on.rows(V1, 51.0)[0].failing_since_us == NOW_US + 5


def test_all_fail_once_each_does() -> None:
    """Torrents without trackers, or with a tracker that was not tried, do not count."""
    heard: list[tuple[str, float | None]] = []
    on = Trackers(lambda torrent, since: heard.append((torrent, since)))
    on.known([V1], SOURCES)
    on.known([OTHER], [])
    tell(on, False, now=1.0)
    assert (on.failing_since(V1), on.trouble(V1)) == (None, None)
    tell(on, False, url=SPARE, now=3.0)
    assert (on.failing_since(V1), on.failing_since(OTHER)) == (3.0, None)
    assert [on.count_failing(60, now) for now in (62.9, 63.0)] == [0, 1]
    assert on.trouble(V1) == "all 2 fail, as http://t.example/…/announce: refused"
    tell(on, True, url=SPARE, now=70.0)
    assert (on.count_failing(0, 70.0), on.trouble(V1)) == (0, None)
    tell(on, False, url=SPARE, now=80.0)
    on.discard(V1)
    assert heard == [(V1, 3.0), (V1, None), (V1, 80.0), (V1, None)]


def test_other_trackers_than_before_are_what_counts() -> None:
    """A removed tracker no longer counts, and late reports about it are ignored."""
    on = book(*SOURCES)
    tell(on, False)
    on.known([V1], [(SPARE, 0)])
    assert tell(on, False) is None
    assert [(row.url, row.status) for row in on.rows(V1, 1.0)] == [(SPARE, TrackerStatus.NOT_CONTACTED)]
    tell(on, False, url=SPARE)
    assert on.count_failing(0, 2.0) == 1
    on.known([V1], SOURCES)
    assert on.count_failing(0, 2.0) == 0
    assert (on.any(V1), on.any(OTHER)) == (True, False)


def test_numbers_are_those_that_were_read_last() -> None:
    """By tier; the status `updating` holds for a moment."""
    on = book(*SOURCES)
    tell(on, False, url=SPARE)
    read = [TrackerReading(SPARE, 1, False, 7), TrackerReading(URL, 0, True, 9, 1, 2, 3)]
    on.read(V1, read, 10.0)
    first = TrackerRow(
        url=URL, tier=0, status=TrackerStatus.UPDATING, next_announce_us=9, seeds=1, leeches=2, downloads=3
    )
    assert on.rows(V1, 10.0)[0] == first
    assert on.rows(V1, 10.0)[1].status is TrackerStatus.ERROR
    assert on.rows(V1, 20.0)[0].status is TrackerStatus.NOT_CONTACTED
    assert (on.numbers_age_s(V1, 12.0), on.numbers_age_s(OTHER, 12.0)) == (2.0, None)


def test_nothing_is_left_of_a_torrent_that_was_removed() -> None:
    """In any table, and a late report creates nothing."""
    on = book(*SOURCES)
    for url in (URL, SPARE):
        tell(on, False, url=url)
        tell(on, True, url=url)
        tell(on, False, 6, url=url)
    on.read(V1, [TrackerReading(URL, 0)], 1.0)
    on.known([V1], SOURCES)
    on.discard(V1)
    assert tell(on, False) is None
    assert on.rows(V1, 1.0) == []
    assert not any((on.of, on._failing, on._relapsing, on.all_failing, on._readings))


def test_torrents_with_the_same_trackers_share_what_is_kept() -> None:
    """Also once these work."""
    on = Trackers()
    on.known([V1], SOURCES)
    on.known([OTHER], SOURCES)
    for torrent in (V1, OTHER):
        tell(on, True, torrent=torrent)
    assert on.of[V1] is on.of[OTHER]
    for number in range(trackers.SHARED_MAX + 5):
        on.known([V1], [(f"{URL}/{number}", 0)])
    assert len(on._shared) <= trackers.SHARED_MAX


def test_trackers_of_a_magnet_link() -> None:
    """Its `tr` keys, numbered or not, decoded."""
    link = "magnet:?xt=urn:btih:x&tr=http%3A%2F%2Fa%2Fannounce&dn=tr&tr.2=udp://b:1&tr="
    assert urls_of_link(link, "tr") == ["http://a/announce", "udp://b:1"]
    assert urls_of_link("", "tr") == []


@given(st.lists(st.tuples(st.sampled_from([URL, SPARE]), st.booleans(), st.integers(1, 8)), max_size=60))
def test_events_alternate_and_all_failing_is_what_rows_show(history: list[tuple[str, bool, int]]) -> None:
    """For each tracker: error, working, error and so on; the first event is never `working`."""
    on = book(*SOURCES)
    told: dict[str, list[TrackerStatus]] = {URL: [], SPARE: []}
    for now, (url, works, times) in enumerate(history):
        event = tell(on, works, times, url=url, now=float(now))
        if event is not None:
            told[event.url].append(event.status)
        failing = all(status is TrackerStatus.ERROR for status in statuses(on))
        assert failing == (on.failing_since(V1) is not None) == (on.trouble(V1) is not None)
    for each in told.values():
        assert each == [TrackerStatus.ERROR, TrackerStatus.WORKING] * (len(each) // 2) + [TrackerStatus.ERROR] * (
            len(each) % 2
        )


def test_the_torrents_with_the_most_failing_trackers() -> None:
    """A bounded number; those that work do not count."""
    on = Trackers()
    urls = [(f"udp://t{number}.example:1", number) for number in range(5)]
    on.known([V1, OTHER], urls)
    for torrent, count in ((V1, 2), (OTHER, 4)):
        for url, _ in urls[:count]:
            tell(on, False, torrent=torrent, url=url)
    assert on.most_failing(1, 9) == [(OTHER, 4), (V1, 2)]
    assert on.most_failing(1, 1) == [(OTHER, 4)]
    assert on.most_failing(3, 9) == [(OTHER, 4)]
    tell(on, True, torrent=OTHER, url=urls[0][0])
    tell(on, True, torrent=OTHER, url=urls[1][0])
    assert on.most_failing(3, 9) == []


def test_the_shown_tracker_is_the_one_that_answered_last_or_else_the_first() -> None:
    """By tier; a tracker that fails is shown only if no other one works."""
    on = book((SPARE, 1), (URL, 0))
    assert on.of[V1].shown == URL
    tell(on, True, url=SPARE)
    assert on.of[V1].shown == SPARE
    tell(on, True)
    assert on.of[V1].shown == URL
    tell(on, False)
    assert on.of[V1].shown == SPARE
    tell(on, False, url=SPARE)
    assert on.of[V1].shown == SPARE
    on.known([V1], [(URL, 0)])
    assert on.of[V1].shown == URL
    on.known([V1], [])
    assert on.of[V1].shown is None
