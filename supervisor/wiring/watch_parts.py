"""Constructs the watch parts: `Health`, and the parts that report problems to `Health`.

These parts are the background tasks, the crash reports and the totals.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from protocol.durable.directory_lock import DirectoryLock
from protocol.durable.resume_dir import ResumeDir
from supervisor.commands.roots.roots_in_force import RootsInForce
from supervisor.concurrency.background import Background
from supervisor.config.config import PathsConfig
from supervisor.engine.process.crash_reports import CrashReports
from supervisor.health.failing_trackers import FailingTrackers
from supervisor.health.health import Health
from supervisor.health.health_reporter import HealthReporter
from supervisor.health.torrent_troubles import TorrentTroubles
from supervisor.health.torrents_reporter import TorrentsReporter
from supervisor.log import logs
from supervisor.log.lost_lines import LostLines
from supervisor.mediators.places_handler import PlacesHandler
from supervisor.payload.root_space import RootSpaces
from supervisor.store.catalogue import Catalogue
from supervisor.totals.totals import Totals
from supervisor.totals.totals_keeper import TotalsKeeper
from supervisor.wiring.sockets import Sockets

CRASHES: Final = "crashes"
"""The name of the directory of crash reports, in the state directory."""


class WatchParts:
    """Constructs `Health`, and the parts that report problems to `Health`.

    Args:
        group: runs the tasks.
        locks: held locks on directories. The first lock is on the resume directory.
        name_of: returns a torrent's name.
    """

    def __init__(
        self,
        paths: PathsConfig,
        *,
        group: asyncio.TaskGroup,
        sockets: Sockets,
        catalogue: Catalogue,
        resume_dir: ResumeDir,
        locks: Sequence[DirectoryLock],
        roots: RootsInForce,
        totals: Totals,
        troubles: TorrentTroubles,
        name_of: Callable[[str], str],
        log: logs.Logger,
    ) -> None:
        crashes = Path(paths.state_dir) / CRASHES
        self.health = Health()
        self.reporter = HealthReporter(self.health, sockets.publisher, log, name_of=name_of, roots=roots.paths)
        self.background = Background(group, partial(self.reporter.report, "supervisor"), log)
        self.places = PlacesHandler(reporter=self.reporter, roots=roots, crashes=str(crashes))
        self.crashes = CrashReports(crashes, group=self.background, log=log, report=self.places.crash_reports)
        self.failing_trackers = FailingTrackers()
        self.lost_lines = LostLines()
        self.spaces = RootSpaces()
        self.torrents = TorrentsReporter(troubles, self.failing_trackers, self.reporter, name_of=name_of)
        self.totals = TotalsKeeper(
            totals,
            catalogue=catalogue,
            resume_dir=resume_dir,
            runtime_dir=Path(paths.runtime_dir),
            identity=lambda: locks[0].identity,
            damaged=self.reporter.put_aside,
            group=self.background,
            log=log,
        )
