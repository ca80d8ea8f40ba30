from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.engine.life.pulse import (
    DEADLINE_S,
    PATIENT_S,
    STALL_S,
    SUSPECT_S,
    TICK_S,
    TRANSITIONS,
    Action,
    Beat,
    Began,
    Confirmed,
    Ended,
    Healthy,
    Hung,
    Input,
    Pulse,
    State,
    Suspect,
    Ticked,
    step,
)

BEAT_S = 0.25


class Watched:
    """A pulse in a simulated world; ticks are regular unless the supervisor is stopped."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pulse = Pulse()
        self.actions: list[tuple[float, Action]] = []
        self.loops = 0
        self.patient = False
        self.feed(Began())
        self.beat()

    def feed(self, event: Input) -> None:
        self.pulse, actions = step(self.pulse, event, self.now)
        self.actions += [(self.now, action) for action in actions]

    def beat(self, native_age_s: float = 0.0, loops: int = 1) -> None:
        self.loops += loops
        self.feed(Beat(self.loops, native_age_s))

    def pass_time(self, seconds: float, *, beating: bool = False, native_since: float | None = None) -> None:
        """Time with ticks; with `beating` also with heartbeats, in which libtorrent answered last at `native_since`."""
        until, next_beat = self.now + seconds, self.now
        while self.now < until:
            if beating and self.now >= next_beat:
                next_beat += BEAT_S
                self.beat(0.0 if native_since is None else self.now - native_since)
            self.now += TICK_S
            self.feed(Ticked(self.patient))

    def kinds(self) -> list[type[Action]]:
        return [type(action) for _, action in self.actions]


def test_the_table_is_whole() -> None:
    """There is a transition for each input in each state."""
    assert set(TRANSITIONS) == {(state, kind) for state in State for kind in get_args(Input)}


def test_an_engine_that_beats_is_left_alone() -> None:
    """For hours."""
    watched = Watched()
    watched.pass_time(7200, beating=True)
    assert watched.actions == []


def test_before_the_first_beat_nothing_is_expected() -> None:
    """Loading may take long; the lifecycle has a deadline for it."""
    watched = Watched()
    watched.feed(Began())
    watched.pass_time(60)
    assert watched.actions == []
    watched.beat()
    watched.pass_time(60)
    assert watched.kinds() == [Suspect, Hung]


def test_an_engine_that_was_heard_before_has_to_be_heard_again() -> None:
    """A spare that takes over and hangs has a shorter deadline than a starting engine."""
    watched = Watched()
    watched.feed(Began(heard=True))
    watched.patient = True
    watched.pass_time(60)
    assert watched.kinds() == [Suspect, Hung]


def test_silence_is_suspect_and_then_the_end() -> None:
    """Once each, at their times; later inputs are ignored."""
    watched = Watched()
    watched.pass_time(5, beating=True)
    fell_silent = watched.now
    watched.pass_time(20)
    watched.beat()
    (suspected_at, suspect), (condemned_at, condemn) = watched.actions
    assert isinstance(suspect, Suspect)
    assert isinstance(condemn, Hung)
    assert SUSPECT_S - BEAT_S <= suspected_at - fell_silent <= SUSPECT_S + 2 * TICK_S
    assert DEADLINE_S - BEAT_S <= condemned_at - fell_silent <= DEADLINE_S + 2 * TICK_S
    assert "nothing was heard" in condemn.reason


def test_beats_whose_loop_stands_still_are_silence() -> None:
    """Another thread sends them, not the loop."""
    watched = Watched()
    watched.pass_time(1, beating=True)
    for _ in range(40):
        watched.beat(loops=0)
        watched.pass_time(0.1)
    assert watched.kinds() == [Suspect, Hung]


def test_a_libtorrent_that_does_not_answer_is_silence_though_the_loop_turns() -> None:
    """The reason names libtorrent."""
    watched = Watched()
    watched.pass_time(1, beating=True)
    stalled_at = watched.now
    watched.pass_time(10, beating=True, native_since=stalled_at)
    assert watched.kinds() == [Suspect, Hung]
    condemned_at, condemn = watched.actions[1]
    assert condemned_at - stalled_at <= DEADLINE_S + 2 * TICK_S
    assert isinstance(condemn, Hung)
    assert "libtorrent has not answered" in condemn.reason


def test_a_suspect_that_beats_again_is_acquitted() -> None:
    """A long native call is no hang."""
    watched = Watched()
    watched.pass_time(2.5)
    watched.pass_time(1, beating=True)
    assert watched.kinds() == [Suspect, Healthy]


def test_what_is_busy_with_good_reason_has_longer() -> None:
    """But not for ever."""
    watched = Watched()
    watched.patient = True
    watched.pass_time(PATIENT_S - 1)
    assert watched.kinds() == [Suspect]
    watched.feed(Confirmed())
    watched.pass_time(PATIENT_S - 1)
    assert watched.kinds() == [Suspect, Healthy, Suspect]
    watched.pass_time(2)
    assert watched.kinds()[-1] is Hung


@pytest.mark.parametrize("state", [State.SUSPECT, State.HUNG])
@pytest.mark.parametrize("event", [Began(), Ended()])
def test_a_suspicion_ends_with_its_engine(state: State, event: Input) -> None:
    """The next engine is judged by itself."""
    watched = Watched()
    watched.pass_time(2 if state is State.SUSPECT else 5)
    assert watched.pulse.state is state
    watched.feed(event)
    assert watched.kinds()[-1] is Healthy
    watched.actions.clear()
    watched.pass_time(0.5)
    assert watched.actions == []


@given(st.lists(st.tuples(st.floats(0, 3600), st.booleans()), min_size=1, max_size=20))
def test_a_supervisor_that_was_stopped_blames_nobody(pauses: list[tuple[float, bool]]) -> None:
    """However often and long, alone or together with the engine, whatever comes first afterwards."""
    watched = Watched()
    watched.pass_time(1, beating=True)
    for pause_s, engine_too in pauses:
        answered_at = watched.now
        watched.now += pause_s
        if engine_too:
            watched.beat(watched.now - answered_at)
        watched.feed(Ticked(patient=False))
        watched.pass_time(0.5, beating=True)
    assert Hung not in watched.kinds()


@given(
    st.lists(
        st.tuples(
            st.floats(0, STALL_S),
            st.one_of(
                st.builds(Ticked, st.booleans()),
                st.builds(Beat, st.integers(0, 50), st.floats(0, 20)),
                st.just(Confirmed()),
                st.just(Began()),
                st.just(Ended()),
            ),
        ),
        max_size=200,
    )
)
def test_condemned_is_only_who_was_silent_for_the_deadline(history: list[tuple[float, Input]]) -> None:
    """For any history, suspicion and recovery alternate, and no engine is killed before the deadline."""
    now, pulse = 0.0, Pulse()
    suspected = False
    signs = [0.0]
    turned = -1
    for delay, event in history:
        now += delay
        before = pulse.state
        pulse, actions = step(pulse, event, now)
        match event:
            case Began():
                signs, turned = [now], -1
            case Confirmed():
                signs.append(now)
            case Beat(loops, age_s) if loops > turned and before is not State.ABSENT:
                signs.append(now - age_s)
                turned = loops
        for action in actions:
            match action:
                case Suspect():
                    assert not suspected
                    suspected = True
                case Healthy():
                    suspected = False
                case Hung():
                    suspected = True
                    assert now - max(signs) >= DEADLINE_S - 1e-6
