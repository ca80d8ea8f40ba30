from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from engine_proc.resume import resume_policy
from engine_proc.resume.resume_policy import MAX_OUTSTANDING, ResumePolicy, Urgency, place

TORRENTS = [f"t{number}" for number in range(MAX_OUTSTANDING + 20)]
torrents = st.sampled_from(TORRENTS)
urgencies = st.sampled_from(Urgency)


class Saving(RuleBasedStateMachine):
    """Any order of requests, saves and ends, with a monotonic clock.

    The model knows by when each torrent's wish has to be heard, which saves are under way, and when the last one began.
    """

    def __init__(self) -> None:
        super().__init__()
        self.policy = ResumePolicy()
        self.now = 1000.0
        self.wanted: dict[str, float] = {}
        self.saving: set[str] = set()
        self.saved_at: dict[str, float] = {}

    @rule(seconds=st.floats(0, 30))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(torrent=torrents, urgency=urgencies)
    def want(self, torrent: str, urgency: Urgency) -> None:
        self.policy.mark_dirty(torrent, urgency, self.now)
        by = max(self.now, place(torrent, self.saved_at.get(torrent, self.now) + urgency.value, urgency.value))
        self.wanted[torrent] = min(by, self.wanted.get(torrent, by))

    @rule(urgency=urgencies)
    def want_all(self, urgency: Urgency) -> None:
        """Requests saves of all, as when thousands are restored."""
        for torrent in TORRENTS:
            self.want(torrent, urgency)

    @rule()
    def save(self) -> None:
        """The chosen torrents are due and not being saved, the longest overdue first."""
        room = MAX_OUTSTANDING - len(self.saving)
        ripe = {torrent for torrent, by in self.wanted.items() if by <= self.now and torrent not in self.saving}
        chosen = self.policy.due(self.now)
        assert len(set(chosen)) == len(chosen) == min(room, len(ripe))
        assert set(chosen) <= ripe
        times = [self.wanted[torrent] for torrent in chosen]
        assert times == sorted(times)
        assert all(self.wanted[torrent] >= max(times, default=0.0) for torrent in ripe - set(chosen))
        for torrent in chosen:
            del self.wanted[torrent]
            self.saved_at[torrent] = self.now
        self.saving.update(chosen)

    @rule(torrent=torrents)
    def settle(self, torrent: str) -> None:
        self.policy.settle(torrent)
        self.saving.discard(torrent)

    @rule()
    def settle_all(self) -> None:
        for torrent in TORRENTS:
            self.settle(torrent)

    @rule(torrent=torrents)
    def forget(self, torrent: str) -> None:
        self.policy.discard(torrent)
        self.wanted.pop(torrent, None)
        self.saved_at.pop(torrent, None)
        self.saving.discard(torrent)

    @invariant()
    def nothing_wanted_is_lost(self) -> None:
        assert self.policy.unsaved() == self.wanted.keys()
        assert self.policy.busy() == bool(self.saving)
        assert len(self.saving) <= MAX_OUTSTANDING

    @invariant()
    def next_due_is_when_due_has_something(self) -> None:
        """Neither too early nor too late; None while only the end of a save can change anything."""
        at = self.policy.next_due()
        free = [by for torrent, by in self.wanted.items() if torrent not in self.saving]
        if len(self.saving) >= MAX_OUTSTANDING or not free:
            assert at is None
        else:
            assert at == min(free)

    def teardown(self) -> None:
        """In the end everything is saved, by waiting for `next_due` alone."""
        for _ in range(3 * len(TORRENTS)):
            self.settle_all()
            at = self.policy.next_due()
            if at is None:
                break
            self.now = max(self.now, at)
            self.save()
        assert not self.policy.unsaved()
        assert not self.policy.busy()


TestSaving = Saving.TestCase


@given(history=st.lists(st.tuples(st.floats(0, 5), urgencies)))
def test_the_most_urgent_wish_counts(history: list[tuple[float, Urgency]]) -> None:
    """AT_ONCE is due at once, whatever was requested before and however recent the last save is."""
    policy = ResumePolicy()
    now = 0.0
    for seconds, urgency in history:
        now += seconds
        policy.mark_dirty("a", urgency, now)
        policy.due(now)
        policy.settle("a")
    policy.mark_dirty("a", Urgency.AT_ONCE, now)
    assert policy.due(now) == ["a"]


@given(wishes=st.permutations([("c", Urgency.AT_ONCE), ("b", Urgency.PROGRESS), ("a", Urgency.COUNTERS)]))
def test_of_wishes_at_the_same_time_the_urgent_ones_come_first(wishes: list[tuple[str, Urgency]]) -> None:
    """In whatever order they were made, and whatever the torrents' ids are."""
    policy = ResumePolicy()
    for torrent, urgency in wishes:
        policy.mark_dirty(torrent, urgency, 0.0)
    assert policy.due(0.0) == ["c"]
    assert policy.due(1000.0) == ["b", "a"]


@given(latest=st.floats(0, 1e7), interval=st.sampled_from([3.0, 60.0]), torrent=st.text(max_size=8))
def test_a_place_is_in_the_second_half_of_the_interval(latest: float, interval: float, torrent: str) -> None:
    """A torrent that was saved at its place is saved again an interval later, within a hundredth for rounding."""
    at = place(torrent, latest, interval)
    assert latest - interval / 2 <= at <= latest
    again = place(torrent, at + interval, interval)
    assert 0.99 * interval <= again - at <= interval


@given(times=st.lists(st.floats(0, 1), min_size=1, max_size=100))
def test_arriving_data_is_saved_on_a_steady_beat(times: list[float]) -> None:
    """However often pieces arrive, none waits longer than PROGRESS's interval, and there is one save an interval."""
    policy = ResumePolicy()
    now = 0.0
    policy.mark_dirty("a", Urgency.AT_ONCE, now)
    saves = []
    for seconds in [*times, Urgency.PROGRESS.value]:
        if policy.due(now):
            saves.append(now)
            policy.settle("a")
        policy.mark_dirty("a", Urgency.PROGRESS, now)
        now += seconds
    assert policy.due(now) == ["a"]
    assert all(later - earlier <= Urgency.PROGRESS.value + 1 for earlier, later in pairwise(saves))
    # The first save is at once, and the second may be early, to reach the torrent's place.
    assert len(saves) <= 2 + now / Urgency.PROGRESS.value / 0.99


@given(prefix=st.text(max_size=8), count=st.integers(200, 1000), began=st.floats(0, 1e6), spread_s=st.floats(0.0, 0.1))
def test_many_that_begin_in_the_same_moment_are_not_saved_in_the_same_moment(
    prefix: str, count: int, began: float, spread_s: float
) -> None:
    """No tenth of the interval has more than a third of them, and all are within the interval."""
    policy = ResumePolicy()
    torrents = [f"{prefix}{number}" for number in range(count)]
    for number, torrent in enumerate(torrents):
        policy.mark_dirty(torrent, Urgency.PROGRESS, began + number / count * spread_s)
    saved = 0
    for tenth in range(1, 12):
        this_time = 0
        while chosen := policy.due(began + tenth * Urgency.PROGRESS.value / 10):
            this_time += len(chosen)
            for torrent in chosen:
                policy.settle(torrent)
        assert this_time <= count / 3
        saved += this_time
    assert saved == count


def test_a_torrent_is_saved_again_only_after_its_save_ended() -> None:
    """Changes in the meantime are not lost, and there are no two saves at once."""
    policy = ResumePolicy()
    policy.mark_dirty("a", Urgency.AT_ONCE, 0.0)
    assert policy.due(0.0) == ["a"]
    policy.mark_dirty("a", Urgency.AT_ONCE, 1.0)
    assert policy.due(1.0) == []
    assert policy.next_due() is None
    policy.settle("a")
    assert policy.due(1.0) == ["a"]


def test_counters_wait_longer_than_pieces() -> None:
    """If only totals changed: a minute. If data arrived: seconds."""
    assert resume_policy.Urgency.AT_ONCE.value < Urgency.PROGRESS.value < Urgency.COUNTERS.value


def test_a_forgotten_torrent_makes_room() -> None:
    """A removed torrent never ends its save."""
    policy = ResumePolicy()
    for torrent in TORRENTS:
        policy.mark_dirty(torrent, Urgency.AT_ONCE, 0.0)
    chosen = policy.due(0.0)
    assert policy.due(0.0) == []
    policy.discard(chosen[0])
    assert len(policy.due(0.0)) == 1


def test_while_saves_fail_one_at_a_time_is_tried_now_and_then() -> None:
    """Thousands of failing saves cause no storm. With the first success, all continue."""
    policy, now, tried = ResumePolicy(), 1000.0, 0
    for torrent in TORRENTS:
        policy.mark_dirty(torrent, Urgency.AT_ONCE, now)
    for torrent in policy.due(now):
        policy.settle(torrent)
        policy.mark_dirty(torrent, Urgency.PROGRESS, now)
    policy.hold(now)
    for _ in range(60):
        now += 1
        chosen = policy.due(now)
        assert len(chosen) <= 1
        assert policy.due(now) == []
        for torrent in chosen:
            tried += 1
            policy.settle(torrent)
            policy.mark_dirty(torrent, Urgency.PROGRESS, now)
            policy.hold(now)
            assert policy.next_due() == now + resume_policy.HELD_S
    assert tried == 60 / resume_policy.HELD_S
    policy.release()
    assert len(policy.due(now + 10)) == MAX_OUTSTANDING
