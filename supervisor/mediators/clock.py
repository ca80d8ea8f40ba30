"""The clock: makes the periodic calls of all parts, publishes ticks, and updates the service manager's status line."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

from protocol.wire.events.session_events import Tick
from supervisor.commands.seeding.goal_keeper import GoalKeeper
from supervisor.concurrency.background import Background
from supervisor.engine.engine import Engine
from supervisor.events.event_log import EventLog
from supervisor.events.event_logger import EventLogger
from supervisor.events.publisher import Publisher
from supervisor.health.health import Health, Severity
from supervisor.health.health_reporter import HealthReporter
from supervisor.health.torrents_reporter import TorrentsReporter
from supervisor.host.service_manager import ServiceManager
from supervisor.log.lost_lines import LostLines
from supervisor.mediators.limit_clock import LimitClock
from supervisor.metrics.meters import Meters
from supervisor.store.catalogue import Catalogue
from supervisor.store.resume_dir_warden import ResumeDirWarden
from supervisor.totals.totals_keeper import TotalsKeeper

TICK_S: Final = 1.0

STOP_PATIENCE_S: Final = 30.0
"""The extension of the service manager's timeout. While engines save, the timeout is extended each second."""


class Clock:
    """Makes the calls that are due every second.

    Args:
        group: makes the calls, and reports their errors.
        log_problem: returns the problem of the log, or None.
    """

    def __init__(
        self,
        *,
        engines: Sequence[Engine],
        catalogue: Catalogue,
        warden: ResumeDirWarden,
        totals: TotalsKeeper,
        events: EventLog,
        publisher: Publisher,
        event_logger: EventLogger,
        health: Health,
        reporter: HealthReporter,
        torrents: TorrentsReporter,
        goals: GoalKeeper,
        lost_lines: LostLines,
        limits: LimitClock,
        meters: Meters,
        log_problem: Callable[[], str | None],
        manager: ServiceManager,
        group: Background,
    ) -> None:
        self._engines = engines
        self._catalogue = catalogue
        self._warden = warden
        self._totals = totals
        self._events = events
        self._publisher = publisher
        self._health = health
        self._reporter = reporter
        self._lost_lines = lost_lines
        self._meters = meters
        self._log_problem = log_problem
        self._manager = manager
        self._group = group
        self._parts = [(name, part) for engine in engines for name, part in engine.ticks().items()]
        self._parts += [
            ("event-log", event_logger.tick),
            ("limits", limits.tick),
            ("totals", self._count_time),
            ("torrents", torrents.tell),
            ("goals", goals.tick),
            ("tick", self._tell_the_time),
        ]

    async def run(self) -> None:
        """Makes all calls every second. Runs for ever."""
        while True:
            for name, part in self._parts:
                self._group.attempt(name, part)
            due = time.monotonic() + TICK_S
            await asyncio.sleep(TICK_S)
            self._meters.loop_lag.observe(time.monotonic() - due)

    def _count_time(self) -> None:
        self._totals.tick(time.monotonic(), up=any(engine.up for engine in self._engines))

    def _tell_the_time(self) -> None:
        now = time.monotonic()
        self._reporter.report("resume_dir", "slow", self._warden.slowness(now))
        self._reporter.report("log", "stderr", self._log_problem(), Severity.NOTED)
        self._reporter.report("log", "engine", self._lost_lines.problem(now), Severity.NOTED)
        self._publisher.latest(Tick(head=self._events.head, status=self._health.status))
        self._manager.status(self._status_line())
        if any(engine.stopping for engine in self._engines):
            self._manager.extend(STOP_PATIENCE_S)

    def _status_line(self) -> str:
        """The status line that the service manager shows. It has the status, the torrents, the generation, and the
        worst problem.
        """
        reasons = self._health.reasons
        generation = f"{len(self._catalogue.torrents)} torrents, engine generation {self._publisher.gen}"
        worst = f"; {reasons[0].component}: {reasons[0].message}" if reasons else ""
        return f"{self._health.status.value}: {generation}{worst}"
