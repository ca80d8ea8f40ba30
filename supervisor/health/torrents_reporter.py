"""The torrents' reporter: reports the problems of torrents to `health`, by cause."""

import time
from collections.abc import Callable

from protocol.internal.watch_events import StuckIn
from supervisor.health.failing_trackers import FailingTrackers
from supervisor.health.health import Severity
from supervisor.health.health_reporter import HealthReporter
from supervisor.health.torrent_troubles import TorrentTroubles


class TorrentsReporter:
    """Counts torrents with problems, and reports the counts to `health`.

    Args:
        name_of: returns a torrent's name.
    """

    def __init__(
        self,
        troubles: TorrentTroubles,
        failing_trackers: FailingTrackers,
        reporter: HealthReporter,
        *,
        name_of: Callable[[str], str],
    ) -> None:
        self._troubles = troubles
        self._failing_trackers = failing_trackers
        self._reporter = reporter
        self._name_of = name_of

    def stuck(self, torrent: str, what: StuckIn | None) -> None:
        """Counts a torrent that makes no progress. None means that the torrent makes progress again."""
        self._troubles.stuck(torrent, what)

    def tell(self) -> None:
        """Reports changed problems. Call `tell` every second."""
        for cause, problem in self._troubles.changes(self._name_of).items():
            self._reporter.report("torrents", cause, problem, Severity.NOTED)
        failing = self._failing_trackers.problem(time.monotonic(), self._name_of)
        self._reporter.report("torrents", "trackers", failing, Severity.NOTED)
