"""Answers `get_metrics`: what the supervisor counts about itself and about its engines."""

import os
from collections.abc import Callable

from protocol.wire.commands.service.counter_commands import GetMetrics
from protocol.wire.metrics.metrics_report import EventLogReport, MemoryReport, MetricsReport
from supervisor.commands.handlers import handles
from supervisor.config.limit_schedule import LimitsInForce
from supervisor.engine.engine import Engine
from supervisor.events.event_log import EventLog
from supervisor.events.publisher import Publisher
from supervisor.hooks.hook_queues import HookQueues
from supervisor.host import memory
from supervisor.log.lost_lines import LostLines
from supervisor.metrics.meters import Meters
from supervisor.store.catalogue import Catalogue


class MetricReads:
    """Answers `get_metrics`.

    Args:
        limits: returns the limits that are in force.
        memory_limit: the memory limit of an engine in bytes; 0 is no limit.
        log_lost: returns the number of dropped lines of the supervisor's log.
    """

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        engine: Engine,
        publisher: Publisher,
        events: EventLog,
        hooks: HookQueues,
        limits: Callable[[], LimitsInForce],
        memory_limit: int,
        lost_lines: LostLines,
        log_lost: Callable[[], int],
        meters: Meters,
    ) -> None:
        self._catalogue = catalogue
        self._engine = engine
        self._publisher = publisher
        self._events = events
        self._hooks = hooks
        self._limits = limits
        self._memory_limit = memory_limit
        self._lost_lines = lost_lines
        self._log_lost = log_lost
        self._meters = meters

    @handles(GetMetrics)
    def _metrics(self, _: GetMetrics) -> MetricsReport:
        meters, limits, pid = self._meters, self._limits(), self._engine.pid
        return MetricsReport(
            categories={name or "": count for name, count in self._catalogue.count_categories().items()},
            quarantined=self._catalogue.torrents.quarantined,
            unreadable=len(self._catalogue.unreadable),
            download_limit_bps=limits.download_bps,
            upload_limit_bps=limits.upload_bps,
            requests=dict(meters.requests),
            acks=meters.acks.report(),
            writes=meters.writes.report(),
            changes_written=meters.changes_written,
            failovers=meters.failovers.report(),
            restores=meters.restores.report(),
            loop_lag=meters.loop_lag.report(),
            engine_ends=dict(meters.engine_ends),
            events=EventLogReport(
                head=self._events.head,
                kept=len(self._events),
                replays=meters.replays,
                replayed=meters.replayed,
                subscribers_lost=self._publisher.disconnected,
            ),
            log_lines_lost={"supervisor": self._log_lost(), "engine": self._lost_lines.lost},
            hooks=dict(self._hooks.ended),
            memory=[
                MemoryReport(process="supervisor", held_bytes=memory.held_bytes(os.getpid())),
                MemoryReport(
                    process="engine",
                    held_bytes=None if pid is None else memory.held_bytes(pid),
                    limit_bytes=self._memory_limit,
                ),
            ],
        )
