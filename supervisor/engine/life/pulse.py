"""The liveness of an engine, by its heartbeats: healthy, suspect or hung. Pure.

The engine's own loop sends the heartbeats. A heartbeat has the number of iterations of that loop, and the age of
libtorrent's last answer. If the loop has iterated since the previous heartbeat, the heartbeat is a *sign of life*. This
sign has the age of libtorrent's answer. If libtorrent confirms a torrent, that is a sign of life, too.

An engine without a sign of life is suspect after `SUSPECT_S`, and hung after `DEADLINE_S`. A native call may take
longer while the engine starts or restores torrents. During that time, the limits are `DEADLINE_S` and `PATIENT_S`.
Before the first heartbeat, no limit applies here, because the engine may be loaded from a slow disk. The lifecycle has
a deadline for the start.

The time between two inputs counts as `STALL_S` at most. In a longer gap, the supervisor or the whole machine was
suspended, and the engine is not to blame.
"""

from collections.abc import Callable
from enum import Enum
from typing import Final, NamedTuple

import msgspec

SUSPECT_S: Final = 1.0
DEADLINE_S: Final = 3.0
PATIENT_S: Final = 10.0
TICK_S: Final = 0.25
"""The interval between ticks."""
STALL_S: Final = 0.5
"""The longest time between two inputs that counts in full. In a longer gap, the supervisor was probably suspended."""


LIBTORRENT_SILENT: Final = "libtorrent has not answered the engine for"
ENGINE_SILENT: Final = "nothing was heard of the engine for"
"""How the reason of a hang begins."""


class State(Enum):
    """The liveness of the engine."""

    ABSENT = "absent"
    HEALTHY = "healthy"
    SUSPECT = "suspect"
    HUNG = "hung"


class Began(NamedTuple):
    """An engine was started. `heard` is true if the engine was the spare and has sent heartbeats before."""

    heard: bool = False


class Ended(NamedTuple):
    """The engine has ended. There is no engine to watch."""


class Beat(NamedTuple):
    """A heartbeat arrived."""

    loops: int
    native_age_s: float


class Confirmed(NamedTuple):
    """libtorrent has confirmed a torrent."""


class Ticked(NamedTuple):
    """Time has passed.

    Fields:
        patient: whether the engine is starting or restoring torrents.
    """

    patient: bool


Input = Began | Ended | Beat | Confirmed | Ticked


class Suspect(NamedTuple):
    """Action: report the engine as suspect."""

    problem: str


class Healthy(NamedTuple):
    """Action: report the engine as healthy again."""


class Hung(NamedTuple):
    """Action: kill the engine, because it hangs."""

    reason: str


Action = Suspect | Healthy | Hung


class Pulse(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the machine. All times except `seen_at` are values of `clock`.

    Fields:
        seen_at: the monotonic time of the latest input.
        clock: the seconds that have counted so far.
        loops: the number of iterations in the latest heartbeat; None before the first heartbeat.
        turned_at: the time of the loop's latest known iteration.
        alive_at: the time of the latest sign of life.
    """

    state: State = State.ABSENT
    seen_at: float = 0.0
    clock: float = 0.0
    loops: int | None = None
    turned_at: float = 0.0
    alive_at: float = 0.0

    @property
    def silence_s(self) -> float:
        """The time since the latest sign of life."""
        return self.clock - self.alive_at


Outcome = tuple[Pulse, list[Action]]
_Transition = Callable[[Pulse, Input], Outcome]


def step(pulse: Pulse, event: Input, now: float) -> Outcome:
    """Returns the next state and the actions to perform."""
    counted = min(max(0.0, now - pulse.seen_at), STALL_S)
    at = msgspec.structs.replace(pulse, seen_at=now, clock=pulse.clock + counted)
    return TRANSITIONS[at.state, type(event)](at, event)


def _begin(pulse: Pulse, event: Input) -> Outcome:
    assert isinstance(event, Began)
    return Pulse(state=State.HEALTHY, seen_at=pulse.seen_at, loops=0 if event.heard else None), _clear_suspicion(pulse)


def _end(pulse: Pulse, event: Input) -> Outcome:
    return Pulse(seen_at=pulse.seen_at), _clear_suspicion(pulse)


def _beat(pulse: Pulse, event: Input) -> Outcome:
    assert isinstance(event, Beat)
    if pulse.loops is not None and event.loops <= pulse.loops:
        return pulse, []
    answered_at = pulse.clock - event.native_age_s
    turned = msgspec.structs.replace(
        pulse, loops=event.loops, turned_at=pulse.clock, alive_at=max(pulse.alive_at, answered_at)
    )
    return turned, []


def _confirm(pulse: Pulse, event: Input) -> Outcome:
    return msgspec.structs.replace(pulse, turned_at=pulse.clock, alive_at=pulse.clock), []


def _judge(pulse: Pulse, event: Input) -> Outcome:
    assert isinstance(event, Ticked)
    if pulse.loops is None:
        return pulse, []
    silence_s = pulse.silence_s
    suspect_s, deadline_s = (DEADLINE_S, PATIENT_S) if event.patient else (SUSPECT_S, DEADLINE_S)
    if silence_s >= deadline_s:
        return msgspec.structs.replace(pulse, state=State.HUNG), [Hung(_told(pulse))]
    if silence_s >= suspect_s and pulse.state is State.HEALTHY:
        return msgspec.structs.replace(pulse, state=State.SUSPECT), [Suspect(_told(pulse))]
    if silence_s < suspect_s and pulse.state is State.SUSPECT:
        return msgspec.structs.replace(pulse, state=State.HEALTHY), [Healthy()]
    return pulse, []


def _nothing(pulse: Pulse, event: Input) -> Outcome:
    return pulse, []


def _clear_suspicion(pulse: Pulse) -> list[Action]:
    return [Healthy()] if pulse.state in (State.SUSPECT, State.HUNG) else []


def _told(pulse: Pulse) -> str:
    """The text of the problem. It says whether libtorrent or the engine's loop makes no progress."""
    if pulse.clock - pulse.turned_at < SUSPECT_S:
        return f"{LIBTORRENT_SILENT} {pulse.silence_s:.1f} s"
    return f"{ENGINE_SILENT} {pulse.clock - pulse.turned_at:.1f} s"


TRANSITIONS: Final[dict[tuple[State, type[Input]], _Transition]] = {
    (State.ABSENT, Began): _begin,
    (State.ABSENT, Ended): _end,
    (State.ABSENT, Beat): _nothing,
    (State.ABSENT, Confirmed): _nothing,
    (State.ABSENT, Ticked): _nothing,
    (State.HEALTHY, Began): _begin,
    (State.HEALTHY, Ended): _end,
    (State.HEALTHY, Beat): _beat,
    (State.HEALTHY, Confirmed): _confirm,
    (State.HEALTHY, Ticked): _judge,
    (State.SUSPECT, Began): _begin,
    (State.SUSPECT, Ended): _end,
    (State.SUSPECT, Beat): _beat,
    (State.SUSPECT, Confirmed): _confirm,
    (State.SUSPECT, Ticked): _judge,
    (State.HUNG, Began): _begin,
    (State.HUNG, Ended): _end,
    (State.HUNG, Beat): _nothing,
    (State.HUNG, Confirmed): _nothing,
    (State.HUNG, Ticked): _nothing,
}
