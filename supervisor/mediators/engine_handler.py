"""The engine handler: publishes the facts of one engine, and passes these facts to other parts."""

import socket
import time
from collections.abc import Callable, Mapping
from typing import Final

from protocol.internal.link_events import (
    EngineReady,
    HashesProven,
    Heartbeat,
    IpFilterState,
    SessionStats,
    SettingsApplied,
    SettingsRefused,
    StorageState,
    TorrentDropped,
)
from protocol.internal.link_messages import Learned
from protocol.internal.resume_events import (
    AllHandedOver,
    FilePutAside,
    MetainfoDamaged,
    ResumeHandedOver,
    ResumeStoreState,
)
from protocol.internal.watch_events import TorrentStuck
from protocol.wire.errors import OuzelError
from protocol.wire.events.event import LifecycleEvent
from protocol.wire.events.session_events import EngineLost, SessionError
from protocol.wire.events.torrent_events import Completed, Progress, StateChanged, TorrentError
from supervisor.commands.mutations import Mutations
from supervisor.commands.removals import Removals
from supervisor.commands.roots.roots_in_force import RootsInForce
from supervisor.concurrency.background import Tasks
from supervisor.config.config_changes import ConfigInForce
from supervisor.config.reloader import Reloader
from supervisor.engine.engine import Engine
from supervisor.engine.facts import (
    Convicted,
    Crashed,
    EngineFact,
    FilesKnown,
    Finished,
    LogLine,
    MetadataLearned,
    Problem,
    Readable,
    Restored,
    Spawned,
    TakenUp,
    TrackersFailing,
)
from supervisor.engine.life.end_cause import EndCause, cause_of
from supervisor.engine.process.crash_reports import CrashReports
from supervisor.engine.torrents.merger import Merger
from supervisor.engine.torrents.metadata_keeper import MetadataKeeper
from supervisor.events.event_logger import EventLogger
from supervisor.events.publisher import Publisher
from supervisor.health import ip_filter_health, listening, spinning
from supervisor.health.failing_trackers import FailingTrackers
from supervisor.health.health import Health, Severity
from supervisor.health.health_reporter import HealthReporter
from supervisor.health.torrents_reporter import TorrentsReporter
from supervisor.log import logs
from supervisor.log.lost_lines import LostLines
from supervisor.mediators.resume_dir_handler import ResumeDirHandler
from supervisor.metrics.meters import Meters
from supervisor.payload.shared_files import SharedFiles
from supervisor.store.catalogue import Catalogue

COMPONENT: Final = "engine"
"""The component of an engine's problems in `health`."""

_FILTER: Final = "ip_filter"
_OF_A_PROCESS: Final = ((COMPONENT, "process"), (COMPONENT, "settings"), (_FILTER, "rules"), (_FILTER, "lines"))
"""Problems of one engine process. If the next process has the same problem, it reports the problem again."""


class EngineHandler:
    """Publishes the facts of one engine, and passes them to other parts.

    Args:
        lost_lines: counts dropped lines of engines' logs.
        on_finished: called when the engine has ended for good.
        on_unusable: called with the problem if the first engine refuses the settings. Then the service cannot start.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        catalogue: Catalogue,
        in_force: ConfigInForce,
        roots: RootsInForce,
        publisher: Publisher,
        health: Health,
        reporter: HealthReporter,
        failing_trackers: FailingTrackers,
        torrents: TorrentsReporter,
        shared_files: SharedFiles,
        merger: Merger,
        metadata: MetadataKeeper,
        mutations: Mutations,
        removals: Removals,
        resume_dir: ResumeDirHandler,
        reloader: Reloader,
        crashes: CrashReports,
        event_logger: EventLogger,
        lost_lines: LostLines,
        meters: Meters,
        group: Tasks,
        log: logs.Logger,
        on_finished: Callable[[], None],
        on_unusable: Callable[[str], None],
    ) -> None:
        self._engine = engine
        self._catalogue = catalogue
        self._in_force = in_force
        self._roots = roots
        self._publisher = publisher
        self._health = health
        self._reporter = reporter
        self._failing_trackers = failing_trackers
        self._torrents = torrents
        self._shared_files = shared_files
        self._merger = merger
        self._metadata = metadata
        self._mutations = mutations
        self._removals = removals
        self._resume_dir = resume_dir
        self._reloader = reloader
        self._crashes = crashes
        self._event_logger = event_logger
        self._lost_lines = lost_lines
        self._meters = meters
        self._group = group
        self._log = log
        self._engine_log = 0, log
        self._stale: str | None = None
        """The reported problem of settings that are not in force."""
        self._spinning = False
        self._on_finished = on_finished
        self._on_unusable = on_unusable

    def handle(self, fact: EngineFact) -> None:
        """Handles a fact of the engine."""
        match fact:
            case Progress():  # these facts come by the thousand
                self._shared_files.progress(fact)
                self._publisher.latest(fact, gen=self._engine.gen)
            case StateChanged() | TorrentError():  # and so do these
                self._publish(fact)
            case Readable(torrent, problem):
                self._reporter.unreadable(torrent, problem)
            case FilesKnown(torrent, files):
                self._shared_files.files_known(torrent, files)
            case MetadataLearned(torrent, metadata):
                self._metadata.learn(torrent, metadata)
            case Learned():
                self._group.create_task(self._learn(fact))
            case Heartbeat():
                self._lost_lines.count(self._engine.gen, fact.log_lost, time.monotonic())
            case TakenUp():
                raise AssertionError("the engine keeps it to itself")
            case SessionStats():
                self._listens(fact)
                self._spins(fact)
            case IpFilterState():
                self._filtered(fact)
            case HashesProven():
                self._merger.proven(fact)
            case StorageState():
                self._reporter.storage(fact)
            case TorrentDropped():
                self._removals.forgotten(fact)
            case TrackersFailing(torrent, since):
                self._failing_trackers.note(torrent, since)
            case TorrentStuck(torrent=torrent, what=what):
                self._torrents.stuck(torrent, what)
            case FilePutAside():
                self._resume_dir.put_aside(fact)
            case MetainfoDamaged():
                self._resume_dir.metainfo_damaged(fact)
            case ResumeStoreState(problem=problem):
                self._resume_dir.resume_data_not_written(problem)
            case ResumeHandedOver():
                self._group.create_task(self._write_resume(fact))
            case AllHandedOver():
                self._group.create_task(self._end_hand_over())
            case SettingsApplied(config=number, problems=problems):
                self._reloader.confirmed(number)
                self._settings_read(problems)
            case SettingsRefused():
                self._refused(fact)
            case LogLine(gen, line):
                logs.relay(self._log_of(gen), line, self._event_logger.admits)
            case Problem(subject, problem, severity):
                self._reporter.report(COMPONENT, subject, problem, severity)
            case Restored(torrents, took_ms):
                self._meters.restores.observe(took_ms / 1000)
                failing = self._event_logger.failing
                self._log.info("restored", torrents=torrents, failing=failing, took_ms=took_ms)
            case Convicted():
                self._group.create_task(self._quarantine(fact))
            case Spawned(gen):
                self._roots.follow()
                self._publisher.gen = max(self._publisher.gen, gen)
            case EngineReady():
                self._ready()
            case Crashed(report):
                if report.stacks:  # in the log, too, since it may be that reports cannot be written
                    self._log.error("engine_stacks", gen=report.gen, stacks=report.stacks.splitlines())
                self._crashes.file(report)
            case Finished():
                self._on_finished()
            case _:
                self._publish(fact)

    def _log_of(self, gen: int) -> logs.Logger:
        """The log, bound to a generation. The last log is cached, because lines of the engine and its spare seldom
        alternate.
        """
        if gen != self._engine_log[0]:
            self._engine_log = gen, self._log.bind(source="engine", gen=gen)
        return self._engine_log[1]

    def _publish(self, event: LifecycleEvent) -> None:
        if isinstance(event, EngineLost):
            cause = cause_of(event)
            self._meters.engine_ended(cause, time.monotonic(), expected=cause is EndCause.REPLACED)
            self._resume_dir.resume_data_not_written(None)  # if the next engine has the same problem, it reports that
        self._publisher.lifecycle(event, gen=self._engine.gen)
        if isinstance(event, Completed):
            self._shared_files.completed(event.torrent)

    def _ready(self) -> None:
        """Clears the problems of earlier processes. The health is published with the next report."""
        self._meters.engine_ready(time.monotonic())
        self._mutations.engine_ready()
        self._health.started = True
        for component, subject in _OF_A_PROCESS:
            self._health.report(component, subject, None, severity=Severity.DEGRADING, now_us=0)

    def _settings_read(self, problems: Mapping[str, str]) -> None:
        """Reports settings that have other values in libtorrent. The engine sets these settings again."""
        told = "; ".join(f"{name}: {problem}" for name, problem in sorted(problems.items()))
        problem = f"settings are not in force ({told}); see `ouzel settings --changed`" if told else None
        if problem is not None and problem != self._stale:
            self._publish(SessionError(name="settings_stale", message=problem))
        self._stale = problem
        self._reporter.report(COMPONENT, "stale_settings", problem)

    def _listens(self, stats: SessionStats) -> None:
        settings = self._in_force.config.engine | self._catalogue.session.settings
        if listening.behind_proxy(settings):
            self._reporter.report(COMPONENT, "listen", None)
            return
        configured = settings.get("listen_interfaces")
        text = configured if isinstance(configured, str) else None
        devices = [] if text is None else [name for _, name in socket.if_nameindex()]
        told = listening.problem(text, stats.listen_port, stats.listeners, devices)
        self._reporter.report(COMPONENT, "listen", *told)

    def _filtered(self, state: IpFilterState) -> None:
        file = self._in_force.config.ip_filter.file
        for subject, told in ip_filter_health.problems(file, state).items():
            self._reporter.report(_FILTER, subject, *told)
        self._log.info("ip_filter", file=file, rules=state.rules, bad_lines=state.bad_lines)

    def _spins(self, stats: SessionStats) -> None:
        """Reports a network thread that uses a core without traffic. The report names possible causes among the
        torrents.
        """
        if stats.spins == self._spinning:
            return
        self._spinning = stats.spins
        suspects = self._engine.snapshot.trackers.most_failing(spinning.MANY_TRACKERS, spinning.SUSPECTS)
        problem = spinning.problem(suspects, self._name_of) if stats.spins else None
        self._reporter.report(COMPONENT, "network_thread", problem, Severity.NOTED)

    def _name_of(self, torrent: str) -> str:
        desired = self._catalogue.torrents.get(torrent)
        return "" if desired is None else self._engine.snapshot.name(desired)

    def _refused(self, event: SettingsRefused) -> None:
        problem = f"{event.section}.{event.setting}: {event.message}"
        self._log.error("settings_refused", setting=event.setting, problem=str(event.message))
        if self._reloader.refused(event.config, problem):
            return
        if not self._health.started:
            self._on_unusable(problem)
            return
        # An upgraded libtorrent refuses settings that were accepted before: the service goes on, and engines are
        # started again after a delay.
        refused = f"the engine refuses {problem}; correct it in the configuration: a changed file is read at once"
        self._reporter.report(COMPONENT, "settings", refused, Severity.FATAL)
        self._engine.kill(refused)

    async def _quarantine(self, fact: Convicted) -> None:
        try:
            await self._mutations.quarantine(fact.torrent, fact.quarantine)
        except OuzelError as error:
            self._engine.convicted(fact.torrent, error.message)
        else:
            self._engine.convicted(fact.torrent)

    async def _learn(self, fact: Learned) -> None:
        """Stores a finding of the engine in the record. If that fails, the next engine reports the finding again."""
        try:
            await self._mutations.learn(fact)
        except OuzelError as error:
            self._log.warning("finding_not_kept", torrent=fact.torrent, problem=error.message)

    async def _write_resume(self, event: ResumeHandedOver) -> None:
        if event.torrent not in self._catalogue.torrents:  # the id becomes part of a file name, so it must be known
            return
        if (problem := await self._catalogue.put_resume(event.torrent, event.content)) is not None:
            self._log.warning("resume_data_not_written", torrent=event.torrent, problem=str(problem))

    async def _end_hand_over(self) -> None:
        """Waits until all resume data is written.

        Then the renewal may start the next process, which reads this data.
        """
        await self._catalogue.settled()
        self._engine.handed_over()
