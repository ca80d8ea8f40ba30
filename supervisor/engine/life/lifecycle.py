"""The engine's lifecycle as a machine. Pure.

Its function is `step(lifecycle, input, now, policy) -> (lifecycle, actions)`.

The table at the end has the legal inputs of each state. Any other input raises `IllegalInput`. The machine handles no
process. A keeper performs the actions, and returns their outcomes as inputs. Times are monotonic seconds.
"""

from collections.abc import Callable
from enum import Enum
from typing import Final, NamedTuple

import msgspec

from supervisor.engine.life import restart_policy
from supervisor.engine.life.restart_policy import RestartPolicy
from supervisor.engine.process.kill_ladder import Manner

START_DEADLINE_S: Final = 30.0
"""The time that an engine may take to become ready."""

STOP_DEADLINE_S: Final = 15.0
"""The time that a drain may take."""


class State(Enum):
    """The state of the engine's lifecycle."""

    IDLE = "idle"
    STARTING = "starting"
    RUNNING = "running"
    RECYCLING = "recycling"
    BACKING_OFF = "backing_off"
    OVER_BUDGET = "over_budget"
    STOPPING = "stopping"
    STOPPED = "stopped"


class Timer(Enum):
    """The timers that the machine starts. At most one timer of each kind runs."""

    START_DEADLINE = "start_deadline"
    STABLE = "stable"
    BACK_OFF = "back_off"
    STOP_DEADLINE = "stop_deadline"


class StartRequested(NamedTuple):
    """The service has started and needs an engine."""


class Ready(NamedTuple):
    """The engine accepts commands."""


class Died(NamedTuple):
    """The engine's process has ended, for any reason.

    Fields:
        excused: whether the death does not count as a crash. If so, the next engine starts at once.
    """

    excused: bool = False


class TimerFired(NamedTuple):
    """A started timer has expired."""

    timer: Timer


class RecycleRequested(NamedTuple):
    """The engine is to be drained and replaced."""


class StopRequested(NamedTuple):
    """The service is stopping, so the engine has to end."""


Input = StartRequested | Ready | Died | TimerFired | RecycleRequested | StopRequested


class Spawn(NamedTuple):
    """Action: start an engine."""


class Drain(NamedTuple):
    """Action: drain the engine."""


class Kill(NamedTuple):
    """Action: end the engine's process."""

    manner: Manner = Manner.AT_ONCE


class StartTimer(NamedTuple):
    """Action: report `TimerFired` in `delay_s` seconds. A running timer of the same kind is replaced."""

    timer: Timer
    delay_s: float


class CancelTimer(NamedTuple):
    """Action: if a timer of this kind runs, cancel this timer."""

    timer: Timer


class Finish(NamedTuple):
    """Action: the engine has ended for good, so the service can end."""


Action = Spawn | Drain | Kill | StartTimer | CancelTimer | Finish


class Lifecycle(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the machine.

    Fields:
        crashes: the times of crashes that count towards the budget.
        young_deaths: the number of latest consecutive runs that each ended within `SETTLED_S`.
        ready_at: when the running engine became ready.
        probing: whether this engine is a probe. A probe is started after the budget was spent. If a probe dies, the
            next start is a probe, too.
        next_start_s: the delay before the next start; None while an engine runs.
        starts: the number of engines spawned so far.
    """

    state: State = State.IDLE
    crashes: tuple[float, ...] = ()
    young_deaths: int = 0
    ready_at: float | None = None
    probing: bool = False
    next_start_s: float | None = None
    starts: int = 0


class IllegalInput(Exception):
    """An input that is illegal in this state. The caller has a defect."""


Outcome = tuple[Lifecycle, list[Action]]
_Transition = Callable[[Lifecycle, Input, float, RestartPolicy], Outcome]


def step(lifecycle: Lifecycle, event: Input, now: float, policy: RestartPolicy) -> Outcome:
    """Returns the next state and the actions to perform. Raises IllegalInput."""
    key = (lifecycle.state, event.timer if isinstance(event, TimerFired) else type(event))
    transition = TRANSITIONS.get(key)
    if transition is None:
        raise IllegalInput(f"{key[1]} in state {lifecycle.state.value}")
    return transition(lifecycle, event, now, policy)


def _spawn(lifecycle: Lifecycle, event: Input, now: float, policy: RestartPolicy) -> Outcome:
    started = msgspec.structs.replace(
        lifecycle, state=State.STARTING, ready_at=None, next_start_s=None, starts=lifecycle.starts + 1
    )
    return started, [Spawn(), StartTimer(Timer.START_DEADLINE, START_DEADLINE_S)]


def _probe(lifecycle: Lifecycle, event: Input, now: float, policy: RestartPolicy) -> Outcome:
    return _spawn(msgspec.structs.replace(lifecycle, probing=True), event, now, policy)


def _ready(lifecycle: Lifecycle, event: Input, now: float, policy: RestartPolicy) -> Outcome:
    running = msgspec.structs.replace(lifecycle, state=State.RUNNING, ready_at=now)
    return running, [CancelTimer(Timer.START_DEADLINE), StartTimer(Timer.STABLE, restart_policy.STABLE_S)]


def _stable(lifecycle: Lifecycle, event: Input, now: float, policy: RestartPolicy) -> Outcome:
    return msgspec.structs.replace(lifecycle, crashes=(), young_deaths=0, probing=False), []


def _crashed(lifecycle: Lifecycle, event: Input, now: float, policy: RestartPolicy) -> Outcome:
    if isinstance(event, Died) and event.excused:
        return _waits(lifecycle, State.BACKING_OFF, 0.0)
    settled = lifecycle.ready_at is not None and now - lifecycle.ready_at >= restart_policy.SETTLED_S
    crashed = msgspec.structs.replace(
        lifecycle,
        crashes=policy.recent((*lifecycle.crashes, now), now),
        young_deaths=0 if settled else lifecycle.young_deaths + 1,
    )
    delay_s = None if lifecycle.probing else policy.delay_s(crashed.crashes, crashed.young_deaths)
    if delay_s is None:
        return _waits(crashed, State.OVER_BUDGET, policy.probe_s)
    return _waits(crashed, State.BACKING_OFF, delay_s)


def _waits(lifecycle: Lifecycle, state: State, wait_s: float) -> Outcome:
    waiting = msgspec.structs.replace(lifecycle, state=state, ready_at=None, next_start_s=wait_s)
    return waiting, [
        CancelTimer(Timer.START_DEADLINE),
        CancelTimer(Timer.STABLE),
        StartTimer(Timer.BACK_OFF, wait_s),
    ]


def _kill(lifecycle: Lifecycle, event: Input, now: float, policy: RestartPolicy) -> Outcome:
    """Kills an overdue engine.

    If an engine does not start, it first has to write its stacks. If an engine does not stop, it gets SIGTERM.
    """
    return lifecycle, [Kill(Manner.FAULTY if lifecycle.state is State.STARTING else Manner.OVERDUE)]


def _recycle(lifecycle: Lifecycle, event: Input, now: float, policy: RestartPolicy) -> Outcome:
    recycling = msgspec.structs.replace(lifecycle, state=State.RECYCLING)
    return recycling, [CancelTimer(Timer.STABLE), Drain(), StartTimer(Timer.STOP_DEADLINE, STOP_DEADLINE_S)]


def _recycled(lifecycle: Lifecycle, event: Input, now: float, policy: RestartPolicy) -> Outcome:
    """Starts the next engine without back-off. A death during a recycle was requested, so it is no crash."""
    waiting = msgspec.structs.replace(lifecycle, state=State.BACKING_OFF, ready_at=None, next_start_s=0.0)
    return waiting, [CancelTimer(Timer.STOP_DEADLINE), StartTimer(Timer.BACK_OFF, 0.0)]


def _stop_recycling(lifecycle: Lifecycle, event: Input, now: float, policy: RestartPolicy) -> Outcome:
    """Stops instead of recycling. A drain is in progress already, and its deadline does not change."""
    return msgspec.structs.replace(lifecycle, state=State.STOPPING), []


def _stop_engine(lifecycle: Lifecycle, event: Input, now: float, policy: RestartPolicy) -> Outcome:
    stopping = msgspec.structs.replace(lifecycle, state=State.STOPPING)
    return stopping, [
        CancelTimer(Timer.START_DEADLINE),
        CancelTimer(Timer.STABLE),
        Drain(),
        StartTimer(Timer.STOP_DEADLINE, STOP_DEADLINE_S),
    ]


def _stop_starting_engine(lifecycle: Lifecycle, event: Input, now: float, policy: RestartPolicy) -> Outcome:
    stopping = msgspec.structs.replace(lifecycle, state=State.STOPPING)
    return stopping, [CancelTimer(Timer.START_DEADLINE), Kill()]


def _stop_without_engine(lifecycle: Lifecycle, event: Input, now: float, policy: RestartPolicy) -> Outcome:
    return msgspec.structs.replace(lifecycle, state=State.STOPPED), [CancelTimer(Timer.BACK_OFF), Finish()]


def _left(lifecycle: Lifecycle, event: Input, now: float, policy: RestartPolicy) -> Outcome:
    return msgspec.structs.replace(lifecycle, state=State.STOPPED), [CancelTimer(Timer.STOP_DEADLINE), Finish()]


def _nothing(lifecycle: Lifecycle, event: Input, now: float, policy: RestartPolicy) -> Outcome:
    return lifecycle, []


TRANSITIONS: Final[dict[tuple[State, Timer | type[Input]], _Transition]] = {
    (State.IDLE, StartRequested): _spawn,
    (State.IDLE, StopRequested): _stop_without_engine,
    (State.STARTING, Ready): _ready,
    (State.STARTING, Died): _crashed,
    (State.STARTING, Timer.START_DEADLINE): _kill,
    (State.STARTING, StopRequested): _stop_starting_engine,
    (State.RUNNING, Died): _crashed,
    (State.RUNNING, Timer.STABLE): _stable,
    (State.RUNNING, RecycleRequested): _recycle,
    (State.RUNNING, StopRequested): _stop_engine,
    (State.RECYCLING, Died): _recycled,
    (State.RECYCLING, Timer.STOP_DEADLINE): _kill,
    (State.RECYCLING, StopRequested): _stop_recycling,
    (State.BACKING_OFF, Timer.BACK_OFF): _spawn,
    (State.BACKING_OFF, StopRequested): _stop_without_engine,
    (State.OVER_BUDGET, Timer.BACK_OFF): _probe,
    (State.OVER_BUDGET, StopRequested): _stop_without_engine,
    (State.STOPPING, Ready): _nothing,
    (State.STOPPING, Died): _left,
    (State.STOPPING, Timer.STOP_DEADLINE): _kill,
    (State.STOPPING, StopRequested): _nothing,
    (State.STOPPED, StopRequested): _nothing,
}
