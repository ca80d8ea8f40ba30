from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from engine_proc.events.coalescer import MIN_INTERVAL_S, ProgressCoalescer
from protocol.wire.events.torrent_events import Progress
from protocol.wire.rows import TorrentState

TORRENTS = ("a", "b", "c")
torrents = st.sampled_from(TORRENTS)


def progress(torrent: str, done: int) -> Progress:
    """A progress event that differs by the bytes done."""
    return Progress(
        torrent=torrent,
        state=TorrentState.DOWNLOADING,
        progress=0.5,
        bytes_done=done,
        bytes_total=100,
        size=100,
        downloaded=done,
        uploaded=0,
        wasted=0,
        download_bps=0,
        upload_bps=0,
        peers=0,
        seeds=0,
    )


class Coalescing(RuleBasedStateMachine):
    """Any order of offers, sends, flushes and removals, with a monotonic clock.

    The model knows of each torrent what was offered last, what a client saw last, and when `due` gave it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.coalescer = ProgressCoalescer()
        self.now = 1000.0
        self.offered: dict[str, Progress] = {}
        self.seen: dict[str, Progress] = {}
        self.sent_at: dict[str, float] = {}

    @rule(seconds=st.floats(0, 0.3))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(torrent=torrents, done=st.integers(0, 3))
    def offer(self, torrent: str, done: int) -> None:
        self.offered[torrent] = progress(torrent, done)
        self.coalescer.offer(self.offered[torrent])

    @rule()
    def send(self) -> None:
        """Each sent value is the newest one of its torrent, and keeps the interval after the one before."""
        ripe = self.coalescer.due(self.now)
        assert len({value.torrent for value in ripe}) == len(ripe)
        for value in ripe:
            assert value == self.offered[value.torrent]
            assert value != self.seen.get(value.torrent)
            if value.torrent in self.sent_at:
                assert self.now - self.sent_at[value.torrent] >= MIN_INTERVAL_S
            self.see(value)
        assert self.coalescer.due(self.now) == []

    @rule(torrent=torrents)
    def flush(self, torrent: str) -> None:
        """Pending values are returned at any time, if the client does not have them yet."""
        value = self.coalescer.flush(torrent, self.now)
        if self.offered.get(torrent) == self.seen.get(torrent):
            assert value is None
        else:
            assert value == self.offered[torrent]
            assert value is not None
            self.see(value)

    @rule(torrent=torrents)
    def forget(self, torrent: str) -> None:
        """A torrent that is added again begins anew."""
        self.coalescer.discard(torrent)
        for table in (self.offered, self.seen):
            table.pop(torrent, None)
        self.sent_at.pop(torrent, None)

    def see(self, value: Progress) -> None:
        self.seen[value.torrent] = value
        self.sent_at[value.torrent] = self.now

    @precondition(lambda self: self.offered != self.seen)
    @rule()
    def catch_up(self) -> None:
        """Waiting until `next_due` is enough to send something; in the end all last values were sent."""
        for _ in TORRENTS:
            at = self.coalescer.next_due()
            if at is None:
                break
            self.now = max(self.now, at)
            before = len(self.seen), dict(self.seen)
            self.now += 1e-9  # a sum of floats may be slightly below the interval
            self.send()
            assert (len(self.seen), self.seen) != before
        assert self.seen == self.offered

    @invariant()
    def nothing_is_due_before_its_time(self) -> None:
        """`next_due` is None exactly while every client knows all."""
        assert (self.coalescer.next_due() is None) == (self.seen == self.offered)

    def teardown(self) -> None:
        if self.offered != self.seen:
            self.catch_up()


TestCoalescing = Coalescing.TestCase


@given(values=st.lists(st.integers(0, 5), min_size=1), step=st.floats(0.001, 0.05))
def test_a_torrent_is_told_of_at_most_ten_times_a_second_and_to_the_end(values: list[int], step: float) -> None:
    """Whatever is offered at whatever rate, sends keep their interval, and the last value is sent last."""
    coalescer = ProgressCoalescer()
    now, sent = 0.0, []
    for done in values:
        coalescer.offer(progress("a", done))
        sent += [(now, value) for value in coalescer.due(now)]
        now += step
    now += MIN_INTERVAL_S
    sent += [(now, value) for value in coalescer.due(now)]
    assert sent[-1][1] == progress("a", values[-1])
    assert all(later - earlier >= MIN_INTERVAL_S for (earlier, _), (later, _) in pairwise(sent))


def test_the_first_value_is_sent_at_once() -> None:
    """A value without a predecessor is not delayed."""
    coalescer = ProgressCoalescer()
    coalescer.offer(progress("a", 1))
    assert coalescer.due(0.0) == [progress("a", 1)]


def test_a_flush_counts_as_sent() -> None:
    """The next value keeps the interval."""
    coalescer = ProgressCoalescer()
    coalescer.offer(progress("a", 1))
    assert coalescer.flush("a", 10.0) == progress("a", 1)
    coalescer.offer(progress("a", 2))
    assert coalescer.due(10.05) == []
    assert coalescer.due(10.2) == [progress("a", 2)]


def test_going_back_to_what_was_sent_takes_back_what_waits() -> None:
    """The client has that value already."""
    coalescer = ProgressCoalescer()
    coalescer.offer(progress("a", 1))
    coalescer.due(0.0)
    coalescer.offer(progress("a", 2))
    coalescer.offer(progress("a", 1))
    assert coalescer.next_due() is None
    assert coalescer.due(1.0) == []


def test_torrents_do_not_hold_each_other_back() -> None:
    """Each torrent has an interval of its own."""
    coalescer = ProgressCoalescer()
    coalescer.offer(progress("a", 1))
    coalescer.due(0.0)
    coalescer.offer(progress("a", 2))
    coalescer.offer(progress("b", 1))
    assert coalescer.due(0.01) == [progress("b", 1)]
