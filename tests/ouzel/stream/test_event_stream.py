"""Events have no gaps, or the reader is told to start again: with every loss, restart and delay."""

from collections import deque
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ouzel.errors import Refused
from ouzel.stream.event import Event, Resnapshot
from ouzel.stream.event_stream import MAX_HELD, RETRY_MS, Ask, EventStream, Mode, Step
from protocol.wire.envelope import Reply
from protocol.wire.errors import ErrorKind
from tests.ouzel.samples import ID, OTHER, event, health, progress, refusal, reply, row, settings


def live(*, seq: int = 5) -> EventStream:
    """A stream whose baseline is `seq`."""
    stream = EventStream()
    assert stream.start() == [Ask("hello", {})]
    assert stream.answer(reply({}, seq=seq)) == []
    assert stream.mode is Mode.LIVE
    return stream


def ask_of(steps: list[Step]) -> Ask:
    """The one request at the end of the steps."""
    assert isinstance(steps[-1], Ask)
    return steps[-1]


def replayed(*events: Event, head: int) -> Reply:
    """The reply to `replay`."""
    return reply({"events": list(events), "head": head}, seq=head)


def page(*torrents: str, cursor: str | None = None, seq: int = 9, epoch: str = "e1") -> Reply:
    """The reply to `snapshot`."""
    rows = [row(each) for each in torrents]
    return reply({"health": health(), "settings": settings(), "torrents": rows, "cursor": cursor}, seq=seq, epoch=epoch)


def test_the_first_reply_after_subscribing_is_the_baseline() -> None:
    """The first tick of a slow subscription shows no gap: the baseline says what happened before."""
    stream = live(seq=5)
    tick = event(5, "tick", None)
    assert stream.receive(tick) == [tick]
    assert stream.receive(event(5)) == []
    assert stream.receive(event(6)) == [event(6)]


def test_events_before_the_baseline_is_known_are_judged_by_it() -> None:
    """Events before the reply that are newer than it lead to a replay."""
    stream = EventStream()
    stream.start()
    assert stream.receive(event(7)) == []
    assert ask_of(stream.answer(reply({}, seq=6))).args["after_seq"] == 6


def test_a_jump_of_seq_asks_for_what_is_missing_and_holds_the_newer_back() -> None:
    """One replay from the last event seen; then all in order."""
    stream = live(seq=5)
    steps = stream.receive(event(8))
    assert steps == [Ask("replay", {"epoch": "e1", "after_seq": 5, "limit": 1000})]
    assert stream.receive(event(9)) == []
    assert stream.answer(replayed(event(6), event(7), head=7)) == [event(6), event(7), event(8), event(9)]
    assert stream.mode is Mode.LIVE


@pytest.mark.parametrize("type_", ["tick", "progress"])
def test_a_tick_or_progress_ahead_of_what_was_seen_shows_the_loss_of_the_last_event(type_: str) -> None:
    """No later event would show it."""
    stream = live(seq=5)
    assert ask_of(stream.receive(event(6, type_))).op == "replay"


def test_a_replay_in_parts_is_asked_for_until_the_head_is_reached() -> None:
    """The reply's head says that there are more."""
    stream = live(seq=5)
    stream.receive(event(9, "tick", None))
    steps = stream.answer(replayed(event(6), event(7), head=9))
    assert steps[:-1] == [event(6), event(7)]
    assert ask_of(steps).args["after_seq"] == 7
    assert stream.answer(replayed(event(8), event(9), head=9)) == [event(8), event(9)]


def test_doubles_in_a_replay_are_not_given_twice() -> None:
    """Events that were handed on are dropped."""
    stream = live(seq=5)
    stream.receive(event(7))
    assert stream.answer(replayed(event(5), event(6), event(7), head=7)) == [event(6), event(7)]
    assert stream.receive(event(7)) == []


def test_progress_during_a_replay_waits_and_only_the_latest_is_given() -> None:
    """It is newer than the events that are being replayed."""
    stream = live(seq=5)
    first, last, other = progress(7, progress=0.1), progress(7, progress=0.2), progress(7, OTHER)
    stream.receive(first)
    assert stream.receive(last) == []
    assert stream.receive(other) == []
    assert stream.answer(replayed(event(6), event(7), head=7)) == [event(6), event(7), last, other]


@pytest.mark.parametrize("answer", [refusal(ErrorKind.REPLAY_GONE), replayed(head=7), replayed(event(7), head=7)])
def test_events_that_cannot_be_had_any_more_lead_to_a_resnapshot(answer: Reply) -> None:
    """Whether the daemon says so, returns nothing, or returns a list with a gap."""
    stream = live(seq=5)
    stream.receive(event(7, "tick", None))
    assert ask_of(stream.answer(answer)) == Ask("snapshot", {"cursor": None, "limit": 1000})
    [given] = stream.answer(page(ID, seq=8))
    assert isinstance(given, Resnapshot)
    assert (given.reason, given.seq) == ("replay_gone", 8)
    assert stream.receive(event(9)) == [event(9)]


def test_a_new_epoch_leads_to_a_resnapshot_and_late_events_of_the_old_one_are_dropped() -> None:
    """The numbers start again."""
    stream = live(seq=5)
    assert ask_of(stream.receive(event(1, epoch="e2"))).op == "snapshot"
    [given] = stream.answer(page(seq=1, epoch="e2"))
    assert isinstance(given, Resnapshot)
    assert (given.reason, given.epoch) == ("new_epoch", "e2")
    assert stream.receive(event(6)) == []
    assert stream.receive(event(2, epoch="e2")) == [event(2, epoch="e2")]


def test_a_reply_of_a_new_epoch_to_a_replay_leads_to_a_resnapshot() -> None:
    """The supervisor was restarted during the request."""
    stream = live(seq=5)
    stream.receive(event(7))
    assert ask_of(stream.answer(refusal(ErrorKind.REPLAY_GONE, epoch="e2"))).op == "snapshot"
    assert isinstance(stream.answer(page(epoch="e2"))[0], Resnapshot)


def test_a_restart_between_two_pages_begins_the_snapshot_again() -> None:
    """Pages of two epochs cannot be combined."""
    stream = EventStream(snapshot_first=True)
    stream.start()
    assert ask_of(stream.answer(page(ID, cursor=ID))).args["cursor"] == ID
    assert ask_of(stream.answer(page(OTHER, epoch="e2"))).args["cursor"] is None


def test_an_old_reply_that_a_new_epochs_event_overtook_does_not_count() -> None:
    """It was requested before that event, so it does not show which of the two epochs is present."""
    stream = live(seq=5)
    stream.receive(event(7))
    stream.receive(event(1, "tick", None, epoch="e2"))
    assert ask_of(stream.answer(replayed(event(6), event(7), head=7))).op == "replay"


def test_pages_say_which_events_their_rows_already_tell() -> None:
    """Events follow from the first page's seq on, without a gap; later pages are newer."""
    stream = EventStream(snapshot_first=True)
    stream.start()
    stream.answer(page(ID, cursor=ID, seq=5))
    stream.receive(event(6, torrent=OTHER))
    stream.receive(event(7, torrent=OTHER))
    given, *events = stream.answer(page(OTHER, seq=6))
    assert isinstance(given, Resnapshot)
    assert events == [event(6, torrent=OTHER), event(7, torrent=OTHER)]
    assert given.covers(event(6, torrent=OTHER))
    assert not given.covers(event(7, torrent=OTHER))
    assert not given.covers(event(6, torrent=ID))


def test_refused_for_now_is_asked_again_later() -> None:
    """After the time that the daemon says, or half a second."""
    stream = live(seq=5)
    stream.receive(event(7))
    assert ask_of(stream.answer(refusal(ErrorKind.STOPPING))).delay_ms == RETRY_MS
    assert ask_of(stream.answer(refusal(ErrorKind.STOPPING, retry_after_ms=3000))).delay_ms == 3000


def test_refused_for_good_is_the_readers_to_know() -> None:
    """For example by a daemon that does not know `replay`."""
    stream = live(seq=5)
    stream.receive(event(7))
    with pytest.raises(Refused, match="unknown_op"):
        stream.answer(refusal(ErrorKind.UNKNOWN_OP))


@pytest.mark.parametrize("snapshot_first", [False, True])
def test_a_question_without_an_answer_is_asked_again(snapshot_first: bool) -> None:
    """The daemon died before it replied."""
    stream = EventStream(snapshot_first=snapshot_first)
    assert stream.start() == stream.unanswered()


def test_what_is_held_back_is_bounded_and_nothing_is_lost_by_it() -> None:
    """The rest is replayed."""
    stream = live(seq=0)
    for seq in range(2, MAX_HELD + 4):
        stream.receive(event(seq))
    steps = stream.answer(replayed(event(1), head=MAX_HELD + 3))
    assert [step.seq for step in steps if isinstance(step, Event)] == list(range(1, MAX_HELD + 2))
    assert ask_of(steps).args["after_seq"] == MAX_HELD + 1


class Network:
    """A daemon, a network that loses and delays messages, and a reader."""

    torrents = ("aa" * 20, "bb" * 20, "cc" * 20)

    def __init__(self, *, snapshot_first: bool) -> None:
        self.epoch, self.head, self.kept_from = 0, 0, 1
        self.log: dict[int, Event] = {}
        self.values = dict.fromkeys(self.torrents, 0)
        self.arriving: deque[Event] = deque()
        self.asked: deque[Ask] = deque()
        self.answers: deque[Reply] = deque()
        self.waiting = False
        self.told: list[Event | Resnapshot] = []
        self.known: dict[str, int] | None = None
        self.snapshot: Resnapshot | None = None
        self.stream = EventStream(snapshot_first=snapshot_first)
        self.take(self.stream.start())

    def take(self, steps: list[Step]) -> None:
        """The reader carries out the steps."""
        for step in steps:
            if isinstance(step, Ask):
                self.asked.append(step)
                self.waiting = True
                continue
            self.told.append(step)
            if isinstance(step, Resnapshot):
                self.snapshot = step
                self.known = {each.torrent: each.downloaded for each in step.torrents}
            elif step.numbered and self.known is not None and self.snapshot is not None:
                assert step.torrent is not None
                if not self.snapshot.covers(step):
                    self.known[step.torrent] = step.seq

    def publish(self, which: int, *, lost: bool) -> None:
        """A lifecycle event that sets its torrent's value to its number."""
        self.head += 1
        torrent = self.torrents[which % 3]
        self.values[torrent] = self.head
        happened = event(self.head, torrent=torrent, epoch=f"e{self.epoch}")
        self.log[self.head] = happened
        if not lost:
            self.arriving.append(happened)

    def tell(self, type_: str, *, lost: bool) -> None:
        """An event without a number."""
        if not lost:
            torrent = self.torrents[0] if type_ == "progress" else None
            self.arriving.append(event(self.head, type_, torrent, epoch=f"e{self.epoch}"))

    def restart(self, *, lost: bool) -> None:
        """The supervisor restarts; requests in flight may be lost."""
        self.epoch += 1
        self.head, self.kept_from, self.log = 0, 1, {}
        self.values = dict.fromkeys(self.torrents, 0)
        if lost:
            self.asked.clear()

    def work(self) -> None:
        """The daemon answers one request."""
        if self.asked:
            self.answers.append(self.answer(self.asked.popleft()))

    def answer(self, ask: Ask) -> Reply:
        """The daemon's answer."""
        epoch = f"e{self.epoch}"
        result: dict[str, Any] = {}
        if ask.op == "replay":
            after = ask.args["after_seq"]
            if ask.args["epoch"] != epoch or after > self.head or after + 1 < self.kept_from:
                return refusal(ErrorKind.REPLAY_GONE, seq=self.head, epoch=epoch)
            events = [self.log[seq] for seq in range(after + 1, min(self.head, after + 2) + 1)]
            result = {"events": msgspec.to_builtins(events), "head": self.head}
        elif ask.op == "snapshot":
            start = int(ask.args["cursor"] or 0)
            torrent = self.torrents[start]
            result = {
                "health": health(),
                "settings": settings(),
                "torrents": [row(torrent, downloaded=self.values[torrent])],
                "cursor": str(start + 1) if start < 2 else None,
            }
        return reply(result, seq=self.head, epoch=epoch)

    def read_event(self) -> None:
        """The oldest event arrives."""
        if self.arriving:
            self.take(self.stream.receive(self.arriving.popleft()))

    def read_answer(self) -> None:
        """The oldest answer arrives."""
        if self.answers and self.waiting:
            self.waiting = False
            self.take(self.stream.answer(self.answers.popleft()))

    def give_up(self) -> None:
        """The stream's owner gives up; a later answer is not passed on."""
        if self.waiting:
            self.waiting = False
            self.asked.clear()
            self.answers.clear()
            self.take(self.stream.unanswered())

    def settle(self) -> None:
        """Nothing more happens or is lost; a tick shows the present number."""
        self.tell("tick", lost=False)
        for _ in range(20 * (len(self.arriving) + self.head + 5)):
            self.read_event()
            self.work()
            self.read_answer()
            if self.waiting and not self.asked and not self.answers:
                self.give_up()
            if not (self.waiting or self.arriving):
                return
        raise AssertionError("the stream never comes to rest")

    def check(self) -> None:
        """Numbers increase by one, or start again."""
        last: int | None = None
        epoch: str | None = None
        for step in self.told:
            if isinstance(step, Resnapshot):
                last, epoch = step.seq, step.epoch
            elif step.numbered:
                assert epoch in (None, step.epoch)
                assert last is None or step.seq == last + 1
                last, epoch = step.seq, step.epoch


ACTIONS = st.one_of(
    st.tuples(st.just("publish"), st.integers(0, 2), st.booleans()),
    st.tuples(st.sampled_from(["tick", "progress"]), st.just(0), st.booleans()),
    st.tuples(st.sampled_from(["read_event", "work", "read_answer", "give_up", "forget"]), st.just(0), st.just(False)),
    st.tuples(st.just("restart"), st.just(0), st.booleans()),
)


@given(st.booleans(), st.lists(ACTIONS, max_size=60))
def test_whatever_is_lost_the_events_given_have_no_gap(
    snapshot_first: bool, actions: list[tuple[str, int, bool]]
) -> None:
    """Numbers increase by one, or a Resnapshot is in between; in the end the reader knows what the daemon knows."""
    network = Network(snapshot_first=snapshot_first)
    for action, which, lost in actions:
        match action:
            case "publish":
                network.publish(which, lost=lost)
            case "tick" | "progress":
                network.tell(action, lost=lost)
            case "restart":
                network.restart(lost=lost)
            case "forget":
                network.kept_from = network.head + 1
            case _:
                getattr(network, action)()
        network.check()
    network.settle()
    network.check()
    numbered = [step for step in network.told if isinstance(step, Resnapshot) or step.numbered]
    if numbered:
        assert (numbered[-1].epoch, numbered[-1].seq) == (f"e{network.epoch}", network.head)
    assert network.known in (None, network.values)
    assert network.known is not None or not snapshot_first
