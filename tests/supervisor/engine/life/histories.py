"""Random histories of an engine on a virtual clock, with the real lifecycle and health.

The world knows what it does to the machine: when engines get ready, die, hang, are excused or recycled, and when the
service is stopped. It holds what the machine asks for against that, and not against the machine's own memory. Plain
code with a seeded source of chance, since there are to be very many.
"""

import random
from collections import Counter
from typing import Final

from protocol.wire.reports import HealthStatus
from supervisor.engine.life import engine_health
from supervisor.engine.life.lifecycle import (
    CancelTimer,
    Died,
    Drain,
    Finish,
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
from supervisor.engine.life.restart_policy import RestartPolicy
from supervisor.health.health import Health, Severity
from supervisor.pacing.backoff import Backoff

NEVER: Final = 1e12
CAP_S: Final = 30.0
PROBE_S: Final = 300.0


class History:
    """One service, from its start to its end.

    Args:
        chance: seeded.
        seen: counts what has happened, over all histories.
    """

    def __init__(self, chance: random.Random, seen: "Counter[str]") -> None:
        self._chance = chance
        self._seen = seen
        self._policy = RestartPolicy(
            window_s=chance.choice((1.0, 10.0, 60.0, 600.0)),
            budget=chance.choice((0, 1, 2, 5)),
            backoff=Backoff(lambda state: min(CAP_S, 0.25 * 2 ** (state.attempt_number - 1) + 0.1 * chance.random())),
            probe_s=PROBE_S,
        )
        self._bad = chance.choice((0.05, 0.5, 0.95))
        """The probability that an engine dies or hangs before it is ready."""
        self._life_s = chance.choice((0.1, 2.0, 20.0, 200.0))
        self._excused = chance.choice((0.0, 0.0, 0.3))
        self._recycled = chance.choice((0.0, 0.0, 0.3))
        """The probability that a running engine is recycled before the next event."""
        self._lifecycle = Lifecycle()
        self._health = Health()
        self._now = 1000.0
        self._timers: dict[Timer, float] = {}
        self._alive = self._up = self._draining = self._stopped = False
        self._ready_at = self._dies_at = NEVER
        self._counted: list[float] = []
        """Times of deaths within the window that were not excused, since the last stable minute."""
        self._may_spawn_at = 0.0
        self._finished = 0

    def run(self, events: int) -> None:
        """Plays this many events, then a stop and its consequences. Raises AssertionError."""
        if self._chance.random() < 0.99:
            self._feed(StartRequested())
            for _ in range(events):
                self._next()
        self._stopped = self._health.stopping = True
        self._seen[f"stopped while {self._lifecycle.state.value}"] += 1
        self._feed(StopRequested())
        while self._alive:
            self._next()
            if self._chance.random() < 0.1:
                self._feed(StopRequested())
        assert self._finished == 1, "a stop ends in one Finish"
        assert not self._timers, "nothing comes after the end"

    def _next(self) -> None:
        """The next due thing: a timer, an action of the engine, or a recycle."""
        if self._lifecycle.state is State.RUNNING and not self._stopped and self._chance.random() < self._recycled:
            self._feed(RecycleRequested())
            return
        timer = min(self._timers, key=self._timers.__getitem__, default=None)
        fires_at = NEVER if timer is None else self._timers[timer]
        assert min(fires_at, self._ready_at, self._dies_at) < NEVER, "nothing will ever happen again"
        if self._dies_at <= min(fires_at, self._ready_at):
            self._now = self._dies_at
            self._die()
        elif self._ready_at <= fires_at:
            self._now, self._ready_at = self._ready_at, NEVER
            self._up = True
            if not self._stopped:
                self._health.started = True
                self._health.report("engine", "process", None, severity=Severity.DEGRADING, now_us=0)
            self._feed(Ready())
        else:
            assert timer is not None
            self._now = self._timers.pop(timer)
            self._seen[timer.value] += 1
            if timer is Timer.STABLE:
                self._counted = []
            self._feed(TimerFired(timer))

    def _die(self) -> None:
        self._alive = self._up = self._draining = False
        self._ready_at = self._dies_at = NEVER
        if self._stopped:
            self._feed(Died(excused=self._chance.random() < self._excused))
            return
        recycled = self._lifecycle.state is State.RECYCLING
        excused = not recycled and self._chance.random() < self._excused
        if not excused and not recycled:
            window_s = self._policy.window_s
            self._counted = [at for at in (*self._counted, self._now) if self._now - at <= window_s]
            if len(self._counted) > self._policy.budget:
                self._may_spawn_at = self._now + PROBE_S
        self._seen["recycled" if recycled else "excused" if excused else "crashed"] += 1
        self._feed(Died(excused=excused))
        told, severity = engine_health.problem(self._lifecycle, "the engine is gone")
        self._health.report("engine", "process", told, severity=severity, now_us=0)
        self._check_outage(excused=excused or recycled)

    def _check_outage(self, *, excused: bool) -> None:
        """Another engine starts, or health says that none will."""
        next_at = self._timers[Timer.BACK_OFF]
        if self._lifecycle.state is State.OVER_BUDGET:
            self._seen["unhealthy"] += 1
            assert self._health.status is HealthStatus.UNHEALTHY
            assert next_at == self._now + PROBE_S
        else:
            assert self._lifecycle.state is State.BACKING_OFF
            assert next_at <= self._now + CAP_S
        if excused or (len(self._counted) == 1 <= self._policy.budget and not self._lifecycle.probing):
            assert next_at == self._now, "a death that is excused or asked for, and the first in a window, cost no wait"

    def _feed(self, event: Input) -> None:
        self._lifecycle, actions = step(self._lifecycle, event, self._now, self._policy)
        started: set[Timer] = set()
        for action in actions:
            match action:
                case Spawn():
                    self._spawn()
                case Drain():
                    assert self._up, "an engine is asked that is not ready"
                    self._draining = True
                    self._dies_at = min(self._dies_at, self._now + self._chance.choice((0.01, 5.0, NEVER)))
                case Kill():
                    assert self._alive, "nobody is there to be killed"
                    self._dies_at = self._now
                case StartTimer(timer, delay_s):
                    assert delay_s >= 0
                    assert timer not in started, "two timers of a kind"
                    assert timer not in self._timers, "a timer of the kind still runs"
                    started.add(timer)
                    self._timers[timer] = self._now + delay_s
                case CancelTimer(timer):
                    self._timers.pop(timer, None)
                case Finish():
                    assert self._stopped
                    assert not self._alive
                    self._finished += 1
        if self._health.status is HealthStatus.HEALTHY:
            # Only a ready engine carries out a command.
            assert self._up or isinstance(event, Died), "healthy, while commands fail"

    def _spawn(self) -> None:
        assert not self._alive, "two engines at once"
        assert not self._stopped, "a start after the stop"
        assert self._now >= self._may_spawn_at, "the budget was spent"
        assert self._health.status is not HealthStatus.HEALTHY, "healthy, while commands fail"
        self._seen["spawned"] += 1
        self._alive = True
        if self._chance.random() < self._bad:
            hangs = self._chance.random() < 0.2
            self._dies_at = NEVER if hangs else self._now + self._chance.random()
        else:
            self._ready_at = self._now + 0.2
            self._dies_at = self._ready_at + self._chance.expovariate(1 / self._life_s)
