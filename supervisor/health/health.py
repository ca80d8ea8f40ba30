"""Health: current problems, by component and subject. Pure.

Each problem is set and cleared under its own key. So the recovery of one subject never clears the problem of another
subject. The status follows from the worst problem and the phase of the service.
"""

from enum import IntEnum
from typing import Final, NamedTuple

from protocol.internal.link_events import StorageState
from protocol.wire import reports
from protocol.wire.reports import HealthStatus, Reason


class Severity(IntEnum):
    """The severity of a problem: noted, degraded, or critical.

    If a problem affects only some torrents or files, its severity is noted. With noted problems, the service works as
    before.
    """

    NOTED = 0
    DEGRADING = 1
    FATAL = 2


_WORDS: Final = {
    Severity.NOTED: reports.Severity.WARNING,
    Severity.DEGRADING: reports.Severity.ERROR,
    Severity.FATAL: reports.Severity.CRITICAL,
}
"""The names on the wire."""


class _Problem(NamedTuple):
    severity: Severity
    message: str
    since_us: int


class Health:
    """The current problems, and the phase. `since_us` is wall time in microseconds, for people."""

    def __init__(self) -> None:
        self._problems: dict[tuple[str, str], _Problem] = {}
        self.started = False
        self.stopping = False

    def report(self, component: str, subject: str, problem: str | None, *, severity: Severity, now_us: int) -> None:
        """Sets a problem. If `problem` is None, clears the problem.

        If a problem continues, the time of its beginning does not change.
        """
        key = (component, subject)
        if problem is None:
            self._problems.pop(key, None)
            return
        known = self._problems.get(key)
        self._problems[key] = _Problem(severity, problem, known.since_us if known else now_us)

    @property
    def status(self) -> HealthStatus:
        """The status as clients see it."""
        if self.stopping:
            return HealthStatus.STOPPING
        worst = max((problem.severity for problem in self._problems.values()), default=Severity.NOTED)
        if worst is Severity.FATAL:
            return HealthStatus.UNHEALTHY
        if not self.started:
            return HealthStatus.STARTING
        return HealthStatus.HEALTHY if worst is Severity.NOTED else HealthStatus.DEGRADED

    @property
    def reasons(self) -> list[Reason]:
        """The problems. Worse problems come first, then older problems."""
        ordered = sorted(self._problems.items(), key=lambda item: (-item[1].severity, item[1].since_us, item[0]))
        return [
            Reason(
                component=component,
                subject=subject,
                message=problem.message,
                since_us=problem.since_us,
                severity=_WORDS[problem.severity],
            )
            for (component, subject), problem in ordered
        ]


def storage_message(event: StorageState) -> str:
    """The text of a file system's problem. The text has the number of torrents that wait for the file system."""
    free = f", bytes free: {event.free_bytes}" if event.problem == "disk_full" else ""
    return f"{event.mount_point}: {event.message} (torrents that wait: {len(event.torrents)}{free})"
