"""Reports problems of directories and of key files to `health`, each with its severity."""

from supervisor.access.authorized_keys import FILES
from supervisor.commands.roots.roots_in_force import RootsInForce
from supervisor.health.health import Severity
from supervisor.health.health_reporter import HealthReporter
from supervisor.store.remedies import with_remedy


class PlacesHandler:
    """Reports problems of directories and key files to `health`.

    Args:
        crashes: the directory of crash reports.
    """

    def __init__(self, *, reporter: HealthReporter, roots: RootsInForce, crashes: str) -> None:
        self._reporter = reporter
        self._roots = roots
        self._crashes = crashes

    def access(self, subject: str, problem: str | None) -> None:
        """Reports a problem of keys. A key file affects one client. The directory affects all clients on tcp."""
        severity = Severity.NOTED if subject == FILES else Severity.DEGRADING
        self._reporter.report("access", subject, problem, severity)

    def root(self, root: str, problem: str | None) -> None:
        """Reports a problem of a download root. If the root is the default save path, the service is degraded."""
        severity = Severity.DEGRADING if root == self._roots.wanted.default else Severity.NOTED
        self._reporter.report("download_roots", root, problem, severity)

    def crash_reports(self, problem: str | None) -> None:
        """Reports that crash reports cannot be written. No other part depends on crash reports."""
        self._reporter.report("state_dir", "crashes", with_remedy(self._crashes, problem), Severity.NOTED)
