"""The post-mortem: examines the death of an engine process, and reports it."""

import time
from collections.abc import Callable, Mapping

import msgspec

from protocol.wire.desired import SettingValue
from protocol.wire.events.session_events import EngineLost
from supervisor.engine.facts import Crashed, EngineFact, Problem
from supervisor.engine.life import engine_health
from supervisor.engine.life.lifecycle import Lifecycle
from supervisor.engine.poison import blame
from supervisor.engine.poison.isolation import Isolation
from supervisor.engine.process.child import Child, Death
from supervisor.engine.process.crash_reports import report_on
from supervisor.engine.process.launcher import Launcher
from supervisor.engine.torrents.observed.snapshot import Snapshot
from supervisor.engine.torrents.observer import engine_lost_events, now_us


class PostMortem:
    """Examines the deaths of one slot's engines, and reports them.

    Args:
        slot: the slot's number.
        isolation: finds out whether a torrent was the cause.
        emit: called with each fact about a death.
    """

    def __init__(
        self,
        slot: int,
        *,
        snapshot: Snapshot,
        isolation: Isolation,
        launcher: Launcher,
        emit: Callable[[EngineFact], None],
    ) -> None:
        self._slot = slot
        self._snapshot = snapshot
        self._isolation = isolation
        self._launcher = launcher
        self._emit = emit
        self._short: int | None = None
        """The latest generation that reported a lack of memory or an operating system error in its log."""
        self._report: str | None = None
        """The name of the latest crash report."""

    def read(self, gen: int, line: bytes) -> None:
        """Notes whether a line of a process's log reports a shortage. A shortage may cause the death of the process."""
        if blame.reports_shortage(line):
            self._short = gen

    def crashed(
        self,
        child: Child,
        death: Death,
        *,
        spawned_at: float,
        libtorrent: str,
        overrides: Mapping[str, SettingValue],
    ) -> None:
        """Makes the crash report on an unexpected death.

        Call `crashed` while the stacks can still be read.

        Args:
            overrides: the settings of clients.
        """
        report = report_on(
            child,
            death,
            uptime_ms=int((time.monotonic() - spawned_at) * 1000),
            versions={"ouzel": self._launcher.version, "libtorrent": libtorrent},
            settings=msgspec.to_builtins(self._launcher.config) | {"clients": dict(overrides)},
        )
        self._report = report.name
        self._emit(Crashed(report))

    def excuses(self, child: Child, death: Death) -> bool:
        """Whether a death was part of the search for a poison torrent. Such a death does not count as a crash."""
        return self._isolation.excuses(
            death,
            death.description,
            child.flight(),
            killed_by_us=death.killed_for is not None,
            shortage=self._short == child.gen,
            report=self._report,
        )

    def lost(self, pid: int | None, death: Death, lifecycle: Lifecycle) -> None:
        """Emits that the engine is lost. Emits an error for each active torrent.

        Args:
            lifecycle: the state of the lifecycle after the death. It says when the next engine starts.
        """
        self._emit(Problem("process", *engine_health.problem(lifecycle, death.description)))
        self._emit(
            EngineLost(
                pid=pid,
                exit_code=death.exit_code,
                signal=death.signal,
                retry_ms=None if lifecycle.next_start_s is None else int(lifecycle.next_start_s * 1000),
                killed_for=death.killed_for,
                engine=self._slot,
            )
        )
        for event in engine_lost_events(self._snapshot.engine_lost(now_us())):
            self._emit(event)
