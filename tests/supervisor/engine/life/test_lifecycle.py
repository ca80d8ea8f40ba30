from typing import get_args

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from supervisor.engine.life import lifecycle, restart_policy
from supervisor.engine.life.lifecycle import (
    TRANSITIONS,
    Action,
    CancelTimer,
    Died,
    Drain,
    Finish,
    IllegalInput,
    Input,
    Kill,
    Lifecycle,
    Ready,
    RecycleRequested,
    Spawn,
    StartRequested,
    StartTimer,
    State,
    StopRequested,
    Timer,
    TimerFired,
    step,
)
from supervisor.engine.life.restart_policy import PROBE_S, STABLE_S, RestartPolicy
from supervisor.pacing.backoff import exponential

pytestmark = pytest.mark.slow

MAX_DELAY_S = 30.0
INPUTS: tuple[Input, ...] = (
    *(kind() for kind in get_args(Input) if kind is not TimerFired),
    *(TimerFired(timer) for timer in Timer),
)


def policy(*, budget: int = 5, window_s: float = 60.0) -> RestartPolicy:
    """A policy without jitter: 0.25, 0.5, 1, … seconds, at most `MAX_DELAY_S`."""
    return RestartPolicy(window_s=window_s, budget=budget, backoff=exponential(0.25, MAX_DELAY_S))


def key_of(event: Input) -> Timer | type[Input]:
    """The table's name of an input."""
    return event.timer if isinstance(event, TimerFired) else type(event)


def kinds(actions: list[Action]) -> list[type[Action]]:
    """The types of these actions: without fields, tuples of different types are equal."""
    return [type(action) for action in actions]


def ran(*events: tuple[float, Input], by: RestartPolicy | None = None) -> tuple[Lifecycle, list[Action]]:
    """The lifecycle after these inputs at these times, and the last actions."""
    at, actions = Lifecycle(), list[Action]()
    for now, event in events:
        at, actions = step(at, event, now, by or policy())
    return at, actions


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", INPUTS, ids=str)
def test_every_input_in_every_state_is_in_the_table_or_illegal(state: State, event: Input) -> None:
    """The table is complete, and a step does not modify a lifecycle in place."""
    before = Lifecycle(state=state, crashes=(1.0,), ready_at=2.0, starts=1)
    copy = msgspec.structs.replace(before)
    if (state, key_of(event)) in TRANSITIONS:
        after, actions = step(before, event, 3.0, policy())
        assert isinstance(after.state, State)
        assert all(isinstance(action, Action) for action in actions)
    else:
        with pytest.raises(IllegalInput, match=state.value):
            step(before, event, 3.0, policy())
    assert before == copy


def test_the_table_speaks_of_known_states_and_inputs_only() -> None:
    """Every row of the table can be reached."""
    assert {state for state, _ in TRANSITIONS} == set(State)
    assert {key for _, key in TRANSITIONS} == {key_of(event) for event in INPUTS}


def test_the_first_crash_costs_no_wait() -> None:
    """After one crash in the window, the next engine starts at once."""
    at, actions = ran((0, StartRequested()), (1, Ready()), (10, Died()))
    assert at.state is State.BACKING_OFF
    assert StartTimer(Timer.BACK_OFF, 0.0) in actions
    assert at.next_start_s == 0.0


def test_an_engine_that_does_not_become_ready_is_killed() -> None:
    """By the start deadline; its death is then a crash like any other."""
    at, actions = ran((0, StartRequested()), (lifecycle.START_DEADLINE_S, TimerFired(Timer.START_DEADLINE)))
    assert (at.state, kinds(actions)) == (State.STARTING, [Kill])
    assert step(at, Died(), 31.0, policy())[0].state is State.BACKING_OFF


def test_an_engine_that_drains_for_too_long_is_killed() -> None:
    """A stop first asks, and kills at the deadline."""
    at, actions = ran((0, StartRequested()), (1, Ready()), (2, StopRequested()))
    assert Drain in kinds(actions)
    assert Kill not in kinds(actions)
    assert StartTimer(Timer.STOP_DEADLINE, lifecycle.STOP_DEADLINE_S) in actions
    at, actions = step(at, TimerFired(Timer.STOP_DEADLINE), 17.0, policy())
    assert kinds(actions) == [Kill]
    assert Finish in kinds(step(at, Died(), 17.1, policy())[1])


@pytest.mark.parametrize("killed", [False, True])
def test_an_engine_that_is_recycled_is_no_crash(killed: bool) -> None:
    """It is asked to exit, and killed at the deadline; the next one starts at once, without cost to the budget."""
    at, actions = ran((0, StartRequested()), (1, Ready()), (2, Died()), (2, TimerFired(Timer.BACK_OFF)), (3, Ready()))
    crashes = at.crashes
    at, actions = step(at, RecycleRequested(), 4.0, policy())
    assert at.state is State.RECYCLING
    assert kinds(actions) == [CancelTimer, Drain, StartTimer]
    if killed:
        at, actions = step(at, TimerFired(Timer.STOP_DEADLINE), 19.0, policy())
        assert kinds(actions) == [Kill]
    at, actions = step(at, Died(), 20.0, policy())
    assert StartTimer(Timer.BACK_OFF, 0.0) in actions
    assert (at.crashes, at.young_deaths, at.next_start_s) == (crashes, 0, 0.0)


def test_a_stop_while_an_engine_is_recycled_is_the_end_of_it() -> None:
    """It is being drained already, and no other one follows."""
    at, _ = ran((0, StartRequested()), (1, Ready()), (2, RecycleRequested()))
    at, actions = step(at, StopRequested(), 3.0, policy())
    assert (at.state, actions) == (State.STOPPING, [])
    assert Finish in kinds(step(at, Died(), 4.0, policy())[1])


def test_an_engine_that_is_not_ready_has_nothing_to_save() -> None:
    """A stop during a start kills at once."""
    _, actions = ran((0, StartRequested()), (1, StopRequested()))
    assert Kill in kinds(actions)
    assert Drain not in kinds(actions)


@pytest.mark.parametrize("probed", [False, True])
def test_a_stable_run_gives_the_budget_back(probed: bool) -> None:
    """After a minute up, a crash counts as a first crash again, even after a probe."""
    spent = [(float(at), event) for at in range(6) for event in (TimerFired(Timer.BACK_OFF), Died())]
    history: list[tuple[float, Input]] = [(0.0, StartRequested()), *spent[1:]]
    at, _ = ran(*history)
    assert at.state is State.OVER_BUDGET
    if not probed:
        at, _ = ran(*history[:-2])
        assert at.state is State.BACKING_OFF
    at, _ = step(at, TimerFired(Timer.BACK_OFF), 400.0, policy())
    at, _ = step(at, Ready(), 401.0, policy())
    at, _ = step(at, TimerFired(Timer.STABLE), 401.0 + STABLE_S, policy())
    assert (at.crashes, at.young_deaths, at.probing) == ((), 0, False)
    _, actions = step(at, Died(), 470.0, policy())
    assert StartTimer(Timer.BACK_OFF, 0.0) in actions


def test_a_probe_that_dies_is_not_tried_again_at_once() -> None:
    """Even if the window is empty by then, the next attempt is a probe."""
    at, _ = ran((0, StartRequested()), (1, Died()), by=policy(budget=0))
    at, actions = step(at, TimerFired(Timer.BACK_OFF), 301.0, policy(budget=0))
    assert Spawn in kinds(actions)
    at, _ = step(at, Ready(), 302.0, policy())
    at, actions = step(at, Died(), 303.0, policy())
    assert at.state is State.OVER_BUDGET
    assert StartTimer(Timer.BACK_OFF, PROBE_S) in actions


@pytest.mark.parametrize("settled", [True, False])
def test_an_excused_death_does_not_count(settled: bool) -> None:
    """The next engine starts at once, and nothing of it is stored."""
    history: list[tuple[float, Input]] = [(0, StartRequested()), (1, Died()), (1, TimerFired(Timer.BACK_OFF))]
    before, _ = ran(*history)
    ready_at = 2.0 if settled else 9.9
    before, _ = step(before, Ready(), ready_at, policy())
    at, actions = step(before, Died(excused=True), 10.0, policy())
    assert StartTimer(Timer.BACK_OFF, 0.0) in actions
    assert (at.state, at.crashes, at.young_deaths) == (State.BACKING_OFF, before.crashes, before.young_deaths)
    assert (at.ready_at, at.next_start_s) == (None, 0.0)


def test_an_excused_death_of_a_probe_leads_to_another_probe() -> None:
    """At once; the budget stays spent."""
    at, _ = ran((0, StartRequested()), (1, Died()), (301, TimerFired(Timer.BACK_OFF)), by=policy(budget=0))
    at, _ = step(at, Died(excused=True), 302.0, policy(budget=0))
    at, actions = step(at, TimerFired(Timer.BACK_OFF), 302.0, policy(budget=0))
    assert Spawn in kinds(actions)
    assert at.probing
    assert step(at, Died(), 303.0, policy(budget=0))[0].state is State.OVER_BUDGET


def test_an_excused_death_while_stopping_is_the_end() -> None:
    """Like any other."""
    at, _ = ran((0, StartRequested()), (1, Ready()), (2, StopRequested()))
    at, actions = step(at, Died(excused=True), 3.0, policy())
    assert (at.state, Finish in kinds(actions)) == (State.STOPPED, True)


def test_how_often_a_probe_is_made_is_the_policys() -> None:
    """Five minutes, unless it says otherwise."""
    by = policy(budget=0)
    for probe_s in (PROBE_S, 2.0):
        by = msgspec.structs.replace(by, probe_s=probe_s)
        _, actions = ran((0, StartRequested()), (1, Died()), by=by)
        assert StartTimer(Timer.BACK_OFF, probe_s) in actions


class World(RuleBasedStateMachine):
    """A simulated engine, timers and clock around the real state machine, with any history."""

    def __init__(self) -> None:
        super().__init__()
        self.lifecycle = Lifecycle()
        self.now = 1000.0
        self.timers: dict[Timer, float] = {}
        self.alive = self.is_ready = self.killed = self.draining = self.stop_requested = False
        self.finished = 0
        self.crashes: list[float] = []
        self.may_spawn_at = 0.0

    @initialize(budget=st.integers(0, 6), window_s=st.sampled_from([0.5, 10.0, 60.0, 3600.0]))
    def configure(self, budget: int, window_s: float) -> None:
        self.policy = policy(budget=budget, window_s=window_s)

    def feed(self, event: Input) -> None:
        self.lifecycle, actions = step(self.lifecycle, event, self.now, self.policy)
        for action in actions:
            match action:
                case Spawn():
                    assert not self.alive, "two engines at once"
                    assert not self.stop_requested, "a start after the stop"
                    assert self.now >= self.may_spawn_at, "the budget was spent"
                    self.alive, self.is_ready, self.killed, self.draining = True, False, False, False
                case Drain():
                    assert self.alive
                    self.draining = True
                case Kill():
                    assert self.alive
                    self.killed = True
                case StartTimer(timer, delay_s):
                    self.timers[timer] = self.now + delay_s
                case CancelTimer(timer):
                    self.timers.pop(timer, None)
                case Finish():
                    self.finished += 1

    def die(self) -> None:
        self.alive = False
        if self.lifecycle.state is State.RECYCLING:
            self.feed(Died())
            assert self.timers[Timer.BACK_OFF] == self.now, "a recycled engine is followed by another at once"
            return
        if not self.stop_requested:
            self.crashes = [at for at in (*self.crashes, self.now) if self.now - at <= self.policy.window_s]
            if len(self.crashes) > self.policy.budget:
                self.may_spawn_at = self.now + PROBE_S
        self.feed(Died())
        if not self.stop_requested and len(self.crashes) == 1 <= self.policy.budget and not self.lifecycle.probing:
            assert self.timers[Timer.BACK_OFF] == self.now, "the first crash in a window costs no wait"

    @precondition(lambda self: self.lifecycle.state is State.IDLE and not self.stop_requested)
    @rule()
    def start(self) -> None:
        self.feed(StartRequested())

    @precondition(lambda self: self.alive and not self.is_ready)
    @rule()
    def engine_becomes_ready(self) -> None:
        self.is_ready = True
        self.feed(Ready())

    @precondition(lambda self: self.alive)
    @rule()
    def engine_dies(self) -> None:
        self.die()

    @precondition(lambda self: self.lifecycle.state is State.RUNNING)
    @rule()
    def recycle(self) -> None:
        self.feed(RecycleRequested())

    @precondition(lambda self: self.timers)
    @rule()
    def next_timer_fires(self) -> None:
        timer = min(self.timers, key=lambda timer: self.timers[timer])
        self.now = max(self.now, self.timers.pop(timer))
        if timer is Timer.STABLE:
            self.crashes = []
        self.feed(TimerFired(timer))

    @rule(seconds=st.floats(0.001, 100.0))
    def time_passes(self, seconds: float) -> None:
        self.now = min([self.now + seconds, *self.timers.values()])

    @rule()
    def stop(self) -> None:
        self.stop_requested = True
        self.feed(StopRequested())

    @invariant()
    def somebody_sees_to_what_comes_next(self) -> None:
        """A starting engine has a deadline, an outage has a timer, and a stop has a timer or a kill."""
        match self.lifecycle.state:
            case State.STARTING:
                assert self.alive
                assert self.killed or Timer.START_DEADLINE in self.timers
            case State.RUNNING:
                assert self.alive
                assert self.is_ready
            case State.RECYCLING:
                assert self.alive
                assert self.killed or (self.draining and Timer.STOP_DEADLINE in self.timers)
            case State.BACKING_OFF:
                assert not self.alive
                assert self.timers[Timer.BACK_OFF] <= self.now + MAX_DELAY_S
            case State.OVER_BUDGET:
                assert not self.alive
                assert self.timers[Timer.BACK_OFF] <= self.now + PROBE_S
            case State.STOPPING:
                assert self.alive
                assert self.killed or (self.draining and Timer.STOP_DEADLINE in self.timers)
            case State.STOPPED:
                assert not self.alive
                assert not self.timers
        assert self.finished == (self.lifecycle.state is State.STOPPED)

    def teardown(self) -> None:
        """At the end of each history, a stop leads to exactly one Finish, as soon as the engine is gone."""
        if self.finished == 0:
            self.stop()
            if self.alive:
                self.die()
        assert self.finished == 1
        self.somebody_sees_to_what_comes_next()


World.TestCase.settings = settings(
    max_examples=200, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestWorld = World.TestCase


@pytest.mark.parametrize("budget", [0, 1, 5])
def test_an_engine_that_only_crashes_is_started_budget_and_one_times(budget: int) -> None:
    """Then there is a probe every five minutes, for ever."""
    starts = []
    by = policy(budget=budget)
    at, now = Lifecycle(), 0.0
    at, _ = step(at, StartRequested(), now, by)
    for _ in range(budget + 4):
        starts.append(now)
        at, actions = step(at, Died(), now, by)
        now += next(action.delay_s for action in actions if isinstance(action, StartTimer))
        at, _ = step(at, TimerFired(Timer.BACK_OFF), now, by)
    in_window = [start for start in starts if start < by.window_s]
    assert len(in_window) == budget + 1
    probes = [later - earlier for earlier, later in zip(starts[budget:], starts[budget + 1 :], strict=False)]
    assert probes == [restart_policy.PROBE_S] * 3
