"""The keeper: performs the lifecycle's actions on real processes and timers, and reports outcomes to the lifecycle."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from protocol.internal.link_commands import Drain
from protocol.wire.reports import EngineReport, EngineState
from supervisor.engine.life import lifecycle
from supervisor.engine.life.lifecycle import (
    Died,
    Input,
    Lifecycle,
    Ready,
    RecycleRequested,
    StartRequested,
    State,
    StopRequested,
    Timer,
    TimerFired,
)
from supervisor.engine.life.restart_policy import SETTLED_S, RestartPolicy
from supervisor.engine.life.spare import Spare
from supervisor.engine.process.child import Child, Death
from supervisor.engine.process.climber import Climber
from supervisor.engine.process.engine_link import EngineLink
from supervisor.engine.process.kill_ladder import Manner
from supervisor.log import logs

_REASONS: Final = {
    Manner.AT_ONCE: None,
    Manner.FAULTY: f"was not ready within {lifecycle.START_DEADLINE_S:g} s",
    Manner.OVERDUE: f"had not exited {lifecycle.STOP_DEADLINE_S:g} s after the start of its drain",
}
"""By the manner of a kill: its reason."""

SpawnChild = Callable[[int, Callable[[Death], None]], Child]


class Keeper:
    """Keeps one engine running.

    Args:
        policy: the back-off and the budget of restarts.
        link: the link. The keeper passes the engine's generation to the link.
        spawn: starts the child of a generation. Calls the given callable at the child's death.
        on_spawned: called when a child becomes the engine. The arguments are the child, and whether it was the spare.
            The child is not ready yet.
        on_crashed: called with a child after its unexpected death. Its stacks can still be read.
        on_lost: called after the lifecycle's step, with the pid of the dead child. The pid is None if no child could be
            started.
        on_finished: called when the engine has ended and no other engine will follow.
        log: logs starts and ends of processes.
        excuse: whether a death does not count as a crash. During the call, the keeper's `child` is still the dead
            child.
        fingerprint: returns all that a spare depends on. None if no spare shall be made.
    """

    def __init__(
        self,
        *,
        policy: RestartPolicy,
        link: EngineLink,
        spawn: SpawnChild,
        on_spawned: Callable[[Child, bool], None],
        on_lost: Callable[[int | None, Death], None],
        on_finished: Callable[[], None],
        log: logs.Logger,
        on_crashed: Callable[[Child, Death], None] = lambda child, death: None,
        excuse: Callable[[Death], bool] = lambda death: False,
        fingerprint: Callable[[], object] | None = None,
    ) -> None:
        self._policy = policy
        self._link = link
        self._spawn = spawn
        self._on_spawned = on_spawned
        self._on_lost = on_lost
        self._on_finished = on_finished
        self._log = log
        self._on_crashed = on_crashed
        self._climber = Climber(log)
        self._excuse = excuse
        self._spare: Spare | None = None
        if fingerprint is not None:
            self._spare = Spare(
                spawn=self._spawn_next, expect=link.expect, fingerprint=fingerprint, clock=time.monotonic, log=log
            )
        self._timers: dict[Timer, asyncio.TimerHandle] = {}
        self.lifecycle = Lifecycle()
        self.child: Child | None = None
        self.gen = 0
        self.spawned_at = time.monotonic()

    def start(self) -> None:
        """Starts the first engine."""
        self._step(StartRequested())

    def ready(self) -> bool:
        """Handles the engine's report that it is ready.

        If the engine was ready already, kills the engine and returns False.
        """
        if self.lifecycle.state not in (State.STARTING, State.STOPPING):
            self.kill("reported twice that it is ready")
            return False
        self._link.ready()
        self._step(Ready())
        return True

    def stop(self) -> None:
        """Drains the engine. Kills the spare, because a spare has nothing to save. `on_finished` is called later."""
        if self._spare is not None:
            self._spare.retire("stopping")
        self._step(StopRequested())

    def recycle(self, reason: str) -> bool:
        """Drains a running engine, and starts another engine. Returns False if no engine is running."""
        if self.lifecycle.state is not State.RUNNING or self._climber.manner is not None:
            return False
        self._log.info("engine_recycled", reason=reason)
        self._step(RecycleRequested())
        return True

    def follow(self, policy: RestartPolicy) -> None:
        """Replaces the restart policy."""
        self._policy = policy

    def kill(self, reason: str) -> None:
        """Ends an engine that cannot be trusted any more. The death of this engine is handled like any other death.

        The engine's frames are ignored from now on.
        """
        if self._climber.reason is None:
            self._log.error("engine_killed", reason=reason)
        self._link.detach()
        if self.child is not None:
            self._climber.end(self.child, Manner.FAULTY, reason)

    def prepare_spare(self) -> None:
        """If the engine has settled, makes a spare. Call `prepare_spare` periodically, but not during a restore.

        A spare would slow down a restore. If engines die young, no spare is made, because the spare may have the same
        fault.
        """
        if self._spare is not None and self._settled():
            self._spare.prepare()

    def renew_spare(self) -> bool:
        """Makes an up-to-date spare. Returns True if the spare is ready, or if no spare can be made now."""
        if self._spare is None or not self._settled():
            return True
        return self._spare.renew()

    def _settled(self) -> bool:
        ready_at = self.lifecycle.ready_at
        settled = ready_at is not None and time.monotonic() - ready_at >= SETTLED_S
        return settled and self.lifecycle.state is State.RUNNING

    @property
    def restarts(self) -> int:
        """The number of engines that were started after the first engine."""
        return max(0, self.lifecycle.starts - 1)

    @property
    def stopping(self) -> bool:
        """Whether the service is stopping."""
        return self.lifecycle.state in (State.STOPPING, State.STOPPED)

    def report(self, now: float) -> EngineReport:
        """The engine's report for `health`. `now` is in monotonic seconds."""
        return EngineReport(
            state=EngineState(self.lifecycle.state.value),
            pid=None if self.child is None else self.child.pid,
            gen=self.gen,
            restarts=self.restarts,
            uptime_ms=0 if self.child is None else int((now - self.spawned_at) * 1000),
        )

    def _step(self, event: Input) -> None:
        self.lifecycle, actions = lifecycle.step(self.lifecycle, event, time.monotonic(), self._policy)
        for action in actions:
            self._perform(action)

    def _perform(self, action: lifecycle.Action) -> None:
        match action:
            case lifecycle.Spawn():
                self._start_engine()
            case lifecycle.Drain():
                self._link.send(Drain())
            case lifecycle.Kill(manner):
                if self.child is not None:
                    self._climber.end(self.child, manner, _REASONS[manner])
            case lifecycle.StartTimer(timer, delay_s):
                self._cancel(timer)
                loop = asyncio.get_running_loop()
                self._timers[timer] = loop.call_later(delay_s, partial(self._fire, timer))
            case lifecycle.CancelTimer(timer):
                self._cancel(timer)
            case lifecycle.Finish():
                self._on_finished()

    def _start_engine(self) -> None:
        """If there is a reliable spare, makes the spare the engine. Otherwise starts a new process."""
        child = self._take_spare()
        warm = child is not None
        self.spawned_at = time.monotonic()
        if child is None:
            try:
                child = self._spawn_next()
            except OSError as error:
                self._log.error("engine_not_spawned", problem=str(error))
                asyncio.get_running_loop().call_soon(self._died, Death(exit_code=None, signal=None))
                return
        self.child, self.gen = child, child.gen
        self._on_spawned(child, warm)
        self._link.attach(child.gen)
        self._log.info("engine_spawned", gen=child.gen, pid=child.pid, warm=warm)

    def _take_spare(self) -> Child | None:
        if self._spare is None:
            return None
        try:
            return self._spare.activate()
        except OSError as error:
            self._log.warning("spare_not_taken", problem=str(error))
            self._spare.retire("it cannot be examined")
            return None

    def _spawn_next(self) -> Child:
        """Starts a child of the next generation. Raises OSError."""
        gen = self._link.new_generation()
        return self._spawn(gen, partial(self._gone, gen))

    def _gone(self, gen: int, death: Death) -> None:
        if self.child is not None and gen == self.gen:
            self._died(death)
        elif self._spare is not None:
            self._spare.gone(gen, death)

    def _cancel(self, timer: Timer) -> None:
        running = self._timers.pop(timer, None)
        if running is not None:
            running.cancel()

    def _fire(self, timer: Timer) -> None:
        del self._timers[timer]
        self._step(TimerFired(timer))

    def _died(self, death: Death) -> None:
        asked_for = self.stopping or self.lifecycle.state is State.RECYCLING
        wanted = asked_for and (death.exit_code == 0 or self._climber.manner is Manner.AT_ONCE)
        death = death._replace(killed_for=self._climber.reason)
        self._climber.gone()
        excused = False
        try:  # the next engine is started even if a callback raises
            if self.child is not None and not wanted:
                self._on_crashed(self.child, death)
            excused = self.child is not None and not asked_for and self._excuse(death)
        finally:
            self._handle_death(death, excused=excused, asked_for=asked_for)

    def _handle_death(self, death: Death, *, excused: bool, asked_for: bool) -> None:
        child, self.child = self.child, None
        self._link.detach()
        self.lifecycle, actions = lifecycle.step(self.lifecycle, Died(excused), time.monotonic(), self._policy)
        self._log.log(
            20 if asked_for else 40,
            "engine_exited",
            gen=None if child is None else child.gen,
            exit_code=death.exit_code,
            signal=death.signal,
            retry_s=None if self.stopping else self.lifecycle.next_start_s,
        )
        try:
            self._on_lost(None if child is None else child.pid, death)
        finally:
            for action in actions:
                self._perform(action)
