"""Constructs the command parts of a service. These parts carry out clients' commands."""

import asyncio
from collections.abc import Callable

from protocol.durable.resume_dir import ResumeDir
from protocol.host.mounts import MountTable
from supervisor.commands.creating.job_runner import JobRunner
from supervisor.commands.log.log_edits import LogEdits
from supervisor.commands.log.log_reads import LogReads
from supervisor.commands.mutations import Mutations
from supervisor.commands.reads.disk_reads import DiskReads
from supervisor.commands.reads.engine_reads import EngineReads
from supervisor.commands.reads.metric_reads import MetricReads
from supervisor.commands.reads.reads import Reads
from supervisor.commands.reads.span_reads import SpanReads
from supervisor.commands.removals import Removals
from supervisor.commands.roots.roots_in_force import RootsInForce
from supervisor.commands.seeding.goal_keeper import GoalKeeper
from supervisor.commands.session_settings import SessionSettings
from supervisor.concurrency.keyed_locks import KeyedLocks
from supervisor.config.config_changes import ConfigInForce
from supervisor.engine.engine import Engine
from supervisor.engine.process.exporter import Exporter
from supervisor.engine.process.hasher import Hasher
from supervisor.engine.torrents.merger import Merger
from supervisor.engine.torrents.metadata_keeper import MetadataKeeper
from supervisor.hooks.hook_queues import HookQueues
from supervisor.host import memory
from supervisor.log import logs
from supervisor.log.log_form import Form
from supervisor.mediators.announcements import Announcements
from supervisor.metrics.meters import Meters
from supervisor.payload.shared_files import SharedFiles
from supervisor.requests.requests import Requests
from supervisor.store.catalogue import Catalogue
from supervisor.store.damaged_shelf import DamagedShelf
from supervisor.traces.traces import Traces
from supervisor.wiring.sockets import Sockets
from supervisor.wiring.watch_parts import WatchParts


class CommandParts:
    """Constructs the parts that carry out clients' commands.

    Args:
        log_form: the form of the log, with its recent lines and its levels.
        log_lost: returns the number of dropped lines of the supervisor's log.
        ended: set when the service ends.
    """

    def __init__(
        self,
        in_force: ConfigInForce,
        *,
        version: str,
        resume_dir: ResumeDir,
        catalogue: Catalogue,
        roots: RootsInForce,
        mounts: MountTable,
        engine: Engine,
        sockets: Sockets,
        watch: WatchParts,
        settings: SessionSettings,
        log_form: Form,
        hooks: HookQueues,
        meters: Meters,
        log_lost: Callable[[], int],
        ended: asyncio.Event,
        log: logs.Logger,
    ) -> None:
        locks, self._shelf = KeyedLocks(), DamagedShelf(resume_dir, catalogue)
        self._exporter = Exporter(resume_dir.root, in_force.config.sandbox.mode)
        self._engine, self._sockets, self._watch, self._log = engine, sockets, watch, log
        self._meters, self._traces = meters, Traces()
        self.shared_files = SharedFiles(
            catalogue=catalogue, snapshot=engine.snapshot, engine=engine, group=watch.background
        )
        self.announcements = Announcements(
            catalogue=catalogue,
            publisher=sockets.publisher,
            reporter=watch.reporter,
            shared_files=self.shared_files,
            failing_trackers=watch.failing_trackers,
            engine=engine,
        )
        self.jobs = JobRunner(
            Hasher(resume_dir.root, in_force.config.sandbox.mode, roots.paths),
            publish=sockets.publisher.lifecycle,
            publish_latest=sockets.publisher.latest,
        )
        metrics = MetricReads(
            catalogue=catalogue,
            engine=engine,
            publisher=sockets.publisher,
            events=sockets.events,
            hooks=hooks,
            limits=settings.limits_in_force,
            memory_limit=memory.limit_bytes(in_force.config.restart.max_memory_mb),
            lost_lines=watch.lost_lines,
            log_lost=log_lost,
            meters=meters,
        )
        self.reads = Reads(
            config=in_force.config,
            catalogue=catalogue,
            engines=[engine],
            health=watch.health,
            log=sockets.events,
            version=version,
            others=[self.jobs, LogReads(log_form), metrics, SpanReads(self._traces)],
            limits=settings.limits,
            meters=meters,
            spaces=watch.spaces,
            roots=roots.paths,
        )
        self.merger = Merger(
            catalogue=catalogue,
            snapshot=engine.snapshot,
            engine=engine,
            locks=locks,
            publish=self.announcements.publish,
            log=log,
        )
        self.mutations = Mutations(
            catalogue=catalogue,
            engine=engine,
            roots=roots.current,
            mounts=mounts,
            reads=self.reads,
            merger=self.merger,
            locks=locks,
            publish=self.announcements.publish,
            shared_files=self.shared_files,
            on_paused=sockets.event_logger.paused,
            shelf=self._shelf,
            jobs=self.jobs,
            others=[LogEdits(log_form, engine=engine, catalogue=catalogue, log=log)],
            created_by=f"Ouzel {version}",
        )
        self.metadata = MetadataKeeper(group=watch.background, keep=self.mutations.keep_metadata, log=log)
        self.goals = GoalKeeper(
            catalogue=catalogue,
            engine=engine,
            global_goals=self.reads.global_goals,
            act=self.mutations.act_on_goal,
            group=watch.background,
            log=log,
        )
        self.removals = Removals(
            catalogue=catalogue,
            mutations=self.mutations,
            release=engine.release,
            publish=sockets.publisher.lifecycle,
            group=watch.background,
            ended=ended,
            log=log,
        )

    def answer(self, group: asyncio.TaskGroup) -> Requests:
        """Starts to answer clients. Returns the object that answers.

        Args:
            group: runs the tasks of mutations.
        """
        return Requests(
            self._sockets.commands,
            group=group,
            reads=self.reads,
            mutations=self.mutations,
            events=self._sockets.events,
            disk_reads=DiskReads(self._watch.crashes, self._shelf, self.reads, self._exporter),
            engine_reads=EngineReads(reads=self.reads, engine=self._engine),
            stopping=self._is_stopping,
            gen=self._sockets.gen,
            meters=self._meters,
            traces=self._traces,
            log=self._log,
            admit=self._sockets.access.admit,
        )

    def _is_stopping(self) -> bool:
        return self._engine.stopping
