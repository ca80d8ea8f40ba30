from itertools import count
from math import inf

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from engine_proc.trackers.announce_pacer import RATE, RESERVE, TURN, AnnouncePacer

BEGAN = 1000.0
TORRENTS = [f"t{number}" for number in range(300)]
SLACK = 1e-6
"""A tolerance, since tokens are floating-point numbers."""


class Pacing(RuleBasedStateMachine):
    """Any order of requests, turns and ends, with a monotonic clock.

    The model knows who waits, and when each was let go as what.
    """

    def __init__(self) -> None:
        super().__init__()
        order = count()
        self.pacer = AnnouncePacer(BEGAN, lambda: float(next(order) * 7919 % 1000))
        self.now = BEGAN
        self.urgent: list[str] = []
        self.idle: set[str] = set()
        self.let_go: list[tuple[float, bool]] = []

    @rule(seconds=st.floats(0, 3))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(torrent=st.sampled_from(TORRENTS), urgent=st.booleans())
    def want(self, torrent: str, urgent: bool) -> None:
        self.pacer.enqueue(torrent, urgent=urgent)
        self.note(torrent, urgent=urgent)

    @rule(urgent=st.booleans())
    def want_all(self, urgent: bool) -> None:
        """As in a restore."""
        for torrent in TORRENTS:
            self.want(torrent, urgent)

    def note(self, torrent: str, *, urgent: bool) -> None:
        if torrent in self.urgent:
            return
        if urgent:
            self.idle.discard(torrent)
            self.urgent.append(torrent)
        else:
            self.idle.add(torrent)

    @rule(torrent=st.sampled_from(TORRENTS))
    def hurry(self, torrent: str) -> None:
        """A torrent that does not wait is not affected."""
        self.pacer.prioritize(torrent)
        if torrent in self.idle:
            self.note(torrent, urgent=True)

    @rule(torrent=st.sampled_from(TORRENTS))
    def forget(self, torrent: str) -> None:
        self.pacer.discard(torrent)
        self.idle.discard(torrent)
        if torrent in self.urgent:
            self.urgent.remove(torrent)

    @rule()
    def take(self) -> None:
        """First the urgent ones in the order of arrival, then idle ones; none twice."""
        chosen = self.pacer.due(self.now)
        urgent, idle = chosen[: len(self.urgent)], chosen[len(self.urgent) :]
        assert urgent == self.urgent[: len(urgent)]
        assert set(idle) <= self.idle
        assert len(set(idle)) == len(idle)
        self.urgent = self.urgent[len(urgent) :]
        self.idle -= set(idle)
        self.let_go += [(self.now, True)] * len(urgent) + [(self.now, False)] * len(idle)

    @rule()
    def take_all(self) -> None:
        """Called when it says, it releases all torrents in the end, and at least one each time, but for rounding."""
        idle_hands = 0
        while (at := self.pacer.next_due()) is not None:
            self.now = max(self.now, at)
            before = len(self.let_go)
            self.take()
            idle_hands = idle_hands + 1 if len(self.let_go) == before else 0
            assert idle_hands < 3
            self.now += SLACK
        assert not self.urgent
        assert not self.idle

    @invariant()
    def nobody_is_forgotten(self) -> None:
        assert (self.pacer.next_due() is None) == (not self.urgent and not self.idle)

    def teardown(self) -> None:
        """The rate is kept from each moment to each later one."""
        for burst, times in (
            (RESERVE + TURN, [at for at, _ in self.let_go]),
            (TURN, [at for at, urgent in self.let_go if not urgent]),
        ):
            least = inf
            for number, at in enumerate(times):
                beyond = number - RATE * at
                least = min(least, beyond)
                assert beyond - least + 1 <= burst + SLACK * RATE


Pacing.TestCase.settings = settings(deadline=None)
TestPacing = Pacing.TestCase


def pacer() -> AnnouncePacer:
    """A pacer that releases idle torrents in the order of arrival."""
    order = count()
    return AnnouncePacer(BEGAN, lambda: float(next(order)))


@given(late=st.floats(0, 1e6))
def test_a_late_turn_makes_no_burst(late: float) -> None:
    """However long nobody asked."""
    paced = pacer()
    for torrent in TORRENTS:
        paced.enqueue(torrent, urgent=False)
    assert len(paced.due(BEGAN + late)) <= TURN


def test_an_urgent_one_goes_at_once_while_thousands_wait() -> None:
    """Idle ones do not use the reserve."""
    paced = pacer()
    for torrent in TORRENTS:
        paced.enqueue(torrent, urgent=False)
    for tenth in range(20):
        paced.due(BEGAN + tenth / 10)
    paced.enqueue("new", urgent=True)
    assert paced.due(BEGAN + 2.0)[0] == "new"


def test_idle_ones_go_in_the_order_of_chance() -> None:
    """Engines that die young do not announce the same few torrents each time."""
    orders = iter([0.9, 0.1, 0.5])
    paced = AnnouncePacer(BEGAN, lambda: next(orders))
    for torrent in ("a", "b", "c"):
        paced.enqueue(torrent, urgent=False)
    assert paced.due(BEGAN + 1.0) == ["b", "c", "a"]


def test_waking_ten_times_a_second_is_enough() -> None:
    """All idle torrents of a turn are released together."""
    paced = pacer()
    for torrent in TORRENTS:
        paced.enqueue(torrent, urgent=False)
    at = paced.next_due()
    assert at == BEGAN + TURN / RATE
    assert len(paced.due(at)) == TURN


def test_a_requested_announce_is_urgent_and_named_once() -> None:
    """A request for all trackers includes those for single ones. A removed torrent has none."""
    pacer = AnnouncePacer(BEGAN, lambda: 0.5)
    for tracker in ("a", "b", "a"):
        pacer.request("some", tracker)
    pacer.request("all", "a")
    pacer.request("all", None)
    pacer.request("gone", None)
    pacer.discard("gone")
    assert pacer.due(BEGAN) == ["some", "all"]
    assert sorted(str(each) for each in pacer.requested("some")) == ["a", "b"]
    assert pacer.requested("all") == [None]
    assert [pacer.requested(torrent) for torrent in ("some", "all", "gone")] == [[], [], []]
