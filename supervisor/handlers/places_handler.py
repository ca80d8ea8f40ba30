"""The places handler: how bad it is what watches find wrong with directories and keys."""

from supervisor.access.authorized_keys import FILES
from supervisor.commands.roots_in_force import RootsInForce
from supervisor.health.health import Severity
from supervisor.health.health_reporter import HealthReporter
from supervisor.store.remedies import with_remedy


class PlacesHandler:
    """One service's.

    Args:
        crashes: where crash reports lie.
    """

    def __init__(self, *, reporter: HealthReporter, roots: RootsInForce, crashes: str) -> None:
        self._reporter = reporter
        self._roots = roots
        self._crashes = crashes

    def access(self, subject: str, problem: str | None) -> None:
        """One client's key concerns that client, the directory of keys all that come over tcp."""
        severity = Severity.NOTED if subject == FILES else Severity.DEGRADING
        self._reporter.report("access", subject, problem, severity)

    def root(self, root: str, problem: str | None) -> None:
        """All is hindered where torrents cannot be stored that come without a save path."""
        severity = Severity.DEGRADING if root == self._roots.wanted.default else Severity.NOTED
        self._reporter.report("download_roots", root, problem, severity)

    def crash_reports(self, problem: str | None) -> None:
        """They help people, and nothing depends on them."""
        self._reporter.report("state_dir", "crashes", with_remedy(self._crashes, problem), Severity.NOTED)
