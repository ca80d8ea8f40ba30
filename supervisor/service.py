"""The service: one asyncio loop on which all parts of the supervisor meet.

Nothing on this loop waits: the disk has a thread, the engine a process, and what comes of them arrives as events.

Longer than most files here: it holds no decisions, only which part hears of what another part found out.
"""

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import time
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
import zmq

from protocol.host import private_dir
from protocol.host.mounts import MountTable
from protocol.internal.link import (
    AllHandedOver,
    Configure,
    EngineReady,
    EnsureTorrent,
    FilePutAside,
    Heartbeat,
    Learned,
    LookAtFiles,
    MetainfoDamaged,
    ResumeHandedOver,
    SaveAll,
    SessionStats,
    SettingsApplied,
    SettingsRefused,
    TorrentForgotten,
)
from protocol.internal.resume_dir import ResumeDir
from protocol.wire.desired import DesiredTorrent
from protocol.wire.endpoints import COMMANDS_SOCKET, ENGINE_SOCKET, EVENTS_SOCKET, ipc_endpoint
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.events import (
    EngineLost,
    EngineStarted,
    LifecycleEvent,
    Reconciled,
    SessionError,
    SettingsChanged,
    Tick,
    TorrentAdded,
    TorrentRemoved,
)
from protocol.wire.rows import TorrentState
from supervisor.access.access import Access, UnusableAccess
from supervisor.access.authorized_keys import FILES
from supervisor.commands.adding import appeared
from supervisor.commands.disk_reads import DiskReads
from supervisor.commands.download_roots import DownloadRoots
from supervisor.commands.engine_reads import EngineReads
from supervisor.commands.mutations import Mutations
from supervisor.commands.reads import Reads
from supervisor.concurrency.background import Background
from supervisor.concurrency.keyed_locks import KeyedLocks
from supervisor.concurrency.threads import in_thread
from supervisor.config.config import Config
from supervisor.config.config_changes import Changes, ConfigInForce
from supervisor.config.config_problem import InvalidConfig
from supervisor.config.reloader import Reloader
from supervisor.engine.life import engine_health
from supervisor.engine.life.keeper import Keeper
from supervisor.engine.life.lifecycle import State
from supervisor.engine.life.memory_guard import MemoryGuard
from supervisor.engine.life.pulse_watch import PulseWatch
from supervisor.engine.life.renewal import Renewal
from supervisor.engine.life.restart_policy import PROBE_S, RestartPolicy, standard_policy
from supervisor.engine.poison import blame
from supervisor.engine.poison.isolation import Isolation
from supervisor.engine.process.child import ENGINE_MODULE, Child, Death
from supervisor.engine.process.code_stamp import CodeStamp
from supervisor.engine.process.crash_reports import CrashReports, report_on
from supervisor.engine.process.describer import AT_ONCE, Describer
from supervisor.engine.process.engine_link import EngineLink
from supervisor.engine.torrents.merger import Merger
from supervisor.engine.torrents.metadata_keeper import MetadataKeeper
from supervisor.engine.torrents.observer import Observer, engine_lost_events, now_us
from supervisor.engine.torrents.restore import Restore
from supervisor.engine.torrents.restorer import Restorer, forget
from supervisor.engine.torrents.snapshot import Snapshot
from supervisor.engine.torrents.waiters import Waiters
from supervisor.events.event_log import EventLog
from supervisor.events.event_logger import EventLogger
from supervisor.events.publisher import Publisher
from supervisor.health import listening
from supervisor.health.failing_trackers import FailingTrackers
from supervisor.health.health import Health, Severity
from supervisor.health.health_reporter import HealthReporter
from supervisor.health.torrent_troubles import TorrentTroubles
from supervisor.host import memory
from supervisor.host.directory_lock import DirectoryLock
from supervisor.host.place_watch import PlaceWatch
from supervisor.host.service_manager import ServiceManager
from supervisor.log import logs
from supervisor.log.log_form import Destination, Form
from supervisor.log.lost_lines import LostLines
from supervisor.payload.file_watch import FileWatch
from supervisor.payload.root_watch import RootWatch, user_name
from supervisor.payload.shared_files import SharedFiles
from supervisor.requests.requests import Requests
from supervisor.requests.self_check import SelfCheck
from supervisor.store.catalogue import Catalogue
from supervisor.store.damage import DamagedFile
from supervisor.store.damaged_shelf import DamagedShelf
from supervisor.store.differences import Mended, moved_on, refused_metainfo
from supervisor.store.remedies import with_remedy
from supervisor.store.resume_dir_warden import Callbacks, ResumeDirWarden
from supervisor.totals.totals_keeper import TotalsKeeper
from supervisor.transport.sockets import bind, connect

CRASHES: Final = "crashes"
"""Where in the state directory the crash reports lie."""
TICK_S: Final = 1.0
FILES_LOGGED: Final = 10
"""Files that could not be deleted, of a removed torrent, which the log names."""
DROP_AGAIN_S: Final = 1.0
"""When it is tried again to delete the record of a torrent that is gone."""
SELF_CHECK_S: Final = 10.0
"""How often the service asks itself where the service manager has no watchdog."""
STOP_PATIENCE_S: Final = 30.0
"""For how long the service manager is asked to wait on, each second, while the engine saves."""


class UnusableSettings(Exception):
    """libtorrent refused the configured settings; the message names the key."""


class Service:
    """The supervisor, from its sockets to its engine.

    Args:
        config: the configuration.
        locks: held locks on the directories, the resume directory's first; the engine inherits them.
        version: Ouzel's.
        log: where it tells what it does.
        read_config: reads the configuration again, given the one in force. Raises InvalidConfig.
        manager: is told when commands are answered, and as long as they are.
        engine: the module that is run as the engine.
        probe_s: how often an engine is tried once the restart budget is spent.
        log_problem: what is wrong with the log, None where nothing is.
        log_form: how the log's lines look; changed where the configuration does.
    """

    def __init__(
        self,
        config: Config,
        locks: list[DirectoryLock],
        version: str,
        log: logs.Logger,
        *,
        read_config: Callable[[Config], Config],
        manager: ServiceManager,
        engine: str = ENGINE_MODULE,
        probe_s: float = PROBE_S,
        log_problem: Callable[[], str | None] = lambda: None,
        log_form: Form | None = None,
    ) -> None:
        self._log_problem = log_problem
        self._log_form = log_form or Form(Destination.ELSEWHERE)
        self._log_form.name_of = self._name_of
        self._event_logger = EventLogger(log, began_us=time.time_ns() // 1000)
        self._engine_log = LostLines()
        self._in_force = ConfigInForce(config)
        self._read_config = read_config
        self._manager = manager
        self._told_ready = False
        self._engine = engine
        self._probe_s = probe_s
        self._code = CodeStamp()
        self._locks = locks
        self._version = version
        self._log = log
        self._resume_dir = ResumeDir(Path(config.paths.resume_dir))
        self._runtime_dir = Path(config.paths.runtime_dir)
        paths = config.paths
        self._reserved = [Path(paths.resume_dir), Path(paths.runtime_dir), Path(paths.state_dir)]
        self._reserved += config.api.directories
        self._roots = self._roots_of(config)
        """Where payload may be: those of the engine that is, or is about to be."""
        self._roots_read = {tuple(paths.download_roots): self._roots_of(config)}
        """Those of each configuration that was read, as the disk had them then."""
        self._catalogue = Catalogue(self._resume_dir)
        self._shelf = DamagedShelf(self._resume_dir, self._catalogue)
        self._snapshot = Snapshot(on_trackers_failing=self.trackers_failing)
        self._restore = Restore()
        self._health = Health()
        self._troubles = TorrentTroubles(user_name(os.geteuid()))
        self._failing_trackers = FailingTrackers()
        self._events = EventLog(secrets.token_hex(8))
        self._waiters = Waiters()
        self._describer = Describer(self._resume_dir.root, config.sandbox.mode)
        self._quarantine_described = False
        self._described: set[str] = set()
        """The torrents of which it was found out what is stored."""
        self._places = PlaceWatch()
        self._mounts = MountTable()
        self._own_places = [str(self._resume_dir.fastresume_dir)]
        self._memory = MemoryGuard(memory.limit_bytes(config.restart.max_memory_mb))
        self._dropping: set[str] = set()
        self._refusal: UnusableSettings | None = None
        self._short: int | None = None
        """The generation that spoke last of a shortage of memory, or of a disk's failure."""
        self._restoring_since: float | None = None
        """Since when torrents are given to an engine that is to have them, on the monotonic clock."""
        self._crash_report: str | None = None
        """The name of the latest."""

    @property
    def _config(self) -> Config:
        return self._in_force.config

    @property
    def _wanted_roots(self) -> DownloadRoots:
        """Those that the next engine is to have."""
        return self._roots_read[tuple(self._config.paths.download_roots)]

    def _roots_of(self, config: Config) -> DownloadRoots:
        return DownloadRoots([Path(root) for root in config.paths.download_roots], reserved=self._reserved)

    async def run(self) -> None:
        """Runs until SIGTERM or SIGINT.

        Raises:
            UnusableAccess: clients on tcp cannot be served as configured.
            UnusableSettings: libtorrent refuses the first engine's settings.
        """
        damaged = self._catalogue.load()
        context = zmq.Context()
        try:
            self._open_to_clients(context)
        except UnusableAccess:
            context.destroy(linger=0)
            raise
        self._reporter = HealthReporter(
            self._health, self._publisher, self._log, name_of=self._name_of, roots=lambda: self._roots.bounds.roots
        )
        self._root_watch = RootWatch(lambda: self._wanted_roots.bounds.roots, self._root_seen)
        resume_dir_name = f"the resume directory {self._resume_dir.root}"
        self._warden = ResumeDirWarden(
            self._resume_dir,
            self._locks[0],
            self._catalogue,
            Callbacks(
                trouble=partial(self._report_disk, "resume_dir", "directory", resume_dir_name),
                writes=partial(self._reporter.report, "resume_dir", "writes"),
                locked=self._resume_dir_replaced,
                back=self._resume_dir_back,
                damaged=self._reporter.put_aside,
                unreadable=self._reporter.unreadable,
                loaded=self._catalogue_loaded,
                found=self._record_found,
                session_found=self._configure_engine,
                lying=self._reporter.lying_aside,
            ),
            log=self._log,
        )
        self._finished = asyncio.Event()
        self._wire(context)
        try:
            async with asyncio.TaskGroup() as group:
                self._background = Background(group, partial(self._reporter.report, "supervisor"), self._log)
                reports = Path(self._config.paths.state_dir) / CRASHES
                self._crashes = CrashReports(
                    reports,
                    group=self._background,
                    log=self._log,
                    report=partial(self._report_disk, "state_dir", "crashes", str(reports), severity=Severity.NOTED),
                )
                self._isolation = self._isolate()
                self._totals = TotalsKeeper(
                    self._snapshot.totals,
                    catalogue=self._catalogue,
                    resume_dir=self._resume_dir,
                    runtime_dir=self._runtime_dir,
                    identity=lambda: self._locks[0].identity,
                    damaged=self._reporter.put_aside,
                    group=self._background,
                    log=self._log,
                )
                await self._totals.load()
                keeper = MetadataKeeper(group=self._background, keep=self._mutations.keep_metadata, log=self._log)
                self._learn_metadata = keeper.learn
                self._shared_files = SharedFiles(
                    catalogue=self._catalogue, snapshot=self._snapshot, link=self._link, group=self._background
                )
                await self._renewal.look()  # before signals are caught: nothing can be stopped yet
                requests = self._serve(group)
                self._catch_signals()
                for file in damaged:
                    self._reporter.put_aside(file)
                for unreadable in self._catalogue.unreadable.values():
                    self._snapshot.unreadable(unreadable.torrent or "", unreadable.problem)
                for torrent, desired in self._catalogue.torrents.items():
                    if desired.quarantine is not None:
                        self._troubles.quarantined(torrent)
                for name, error in self._catalogue.not_moved:
                    self._log.warning("resume_data_not_moved", file=name, problem=str(error))
                parts: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
                    "tick": self._tick,
                    "code": self._code.run,
                    "describe": self._describe_over_and_over,
                    "warden": self._warden.run,
                    "pulse": self._pulse.run,
                    "reload": self._reloader.run,
                    "renewal": self._renewal.run,
                    "roots": self._root_watch.run,
                    "files": self._file_watch.run,
                    "merger": self._merger.run,
                    "access": partial(self._access.run, self._report_access),
                }
                running = [self._background.keep(name, part) for name, part in parts.items()]
                self._keeper.start()
                with self._checking_itself(context):
                    await self._finished.wait()
                for task in running:
                    task.cancel()
                await requests.close()
                await self._crashes.close()
                await self._totals.close()
        finally:
            self._event_logger.close()
            self._places.close()
            self._mounts.close()
            self._manager.extend(STOP_PATIENCE_S)  # the next line waits for the disk
            self._catalogue.close()
            self._link.close()
            self._publisher.close()
            self._commands.close(linger=0)
            self._access.close()
            context.term()
            for socket in (COMMANDS_SOCKET, EVENTS_SOCKET, ENGINE_SOCKET):
                try:
                    (self._runtime_dir / socket).unlink(missing_ok=True)
                except OSError as error:  # the next one to start replaces it
                    self._log.warning("socket_not_removed", file=socket, problem=str(error))
        if self._refusal is not None:
            raise self._refusal

    # -- wiring ---------------------------------------------------------------------------------------------------

    def _wire(self, context: "zmq.Context[zmq.Socket[bytes]]") -> None:
        report = self._reporter.report
        self._pulse = PulseWatch(
            patient=self._engine_busy,
            excused=self._engine_waits_for_disk,
            on_suspect=partial(report, "engine", "pulse"),
            on_hang=lambda reason: self._keeper.kill(reason),
        )
        self._observer = Observer(
            catalogue=self._catalogue,
            snapshot=self._snapshot,
            publisher=self._publisher,
            waiters=self._waiters,
            on_ready=self._engine_ready,
            on_heartbeat=self._engine_beats,
            on_refused=self._settings_refused,
            on_applied=self._settings_applied,
            on_forgotten=self._torrent_forgotten,
            on_store_problem=partial(
                self._report_disk, "resume_dir", "fastresume", f"fast-resume data in {self._resume_dir.fastresume_dir}"
            ),
            on_put_aside=self._engine_put_aside,
            on_metainfo_damaged=self._metainfo_damaged,
            on_handed_over=self._handed_over,
            on_storage=self._reporter.storage,
            on_taken_up=self._torrent_taken_up,
            on_session_stats=self._session_told,
            on_hashes=lambda event: self._merger.proven(event),
            on_files=lambda torrent, files: self._shared_files.files_known(torrent, files),
            on_progress=lambda event: self._shared_files.progress(event),
            on_completed=lambda torrent: self._shared_files.completed(torrent),
            on_metadata=lambda torrent, metadata: self._learn_metadata(torrent, metadata),
            on_unreadable=self._reporter.unreadable,
            on_learned=self._learned,
        )
        self._link = EngineLink(
            bind(context, zmq.ROUTER, self._runtime_dir, ENGINE_SOCKET),
            on_connected=self._configure_engine,
            on_event=self._observer.take,
            on_garbage=lambda reason: self._keeper.kill(f"sent a frame that cannot be read: {reason}"),
            admits=lambda command: self._isolation.admits_command(command),
        )
        self._file_watch = FileWatch(
            self._catalogue, self._snapshot, lambda torrent: self._link.send(LookAtFiles(torrent=torrent))
        )
        self._restorer = Restorer(
            self._restore,
            catalogue=self._catalogue,
            snapshot=self._snapshot,
            link=self._link,
            admits=lambda torrent: self._isolation.admits(torrent),
            report=self._restore_told,
        )
        self._keeper = Keeper(
            policy=self._restart_policy(),
            link=self._link,
            spawn=self._spawn,
            on_spawned=self._engine_spawned,
            on_crashed=self._engine_crashed,
            on_lost=self._engine_lost,
            on_finished=self._finished.set,
            log=self._log,
            excuse=self._excuses,
            fingerprint=self._fingerprint if self._config.restart.warm_spare else None,
        )
        self._renewal = Renewal(
            self._keeper,
            self._places,
            roots=lambda: self._wanted_roots.bounds.roots,
            own=self._own_directories,
            hand_over=lambda: self._link.send(SaveAll(resume_dir=self._locks[0].identity, hand_over=True)),
            log=self._log,
        )
        self._reads = Reads(
            config=self._config,
            catalogue=self._catalogue,
            snapshot=self._snapshot,
            health=self._health,
            log=self._events,
            keeper=self._keeper,
            restore=self._restore,
            version=self._version,
        )
        locks = KeyedLocks()
        self._merger = Merger(
            catalogue=self._catalogue,
            snapshot=self._snapshot,
            link=self._link,
            locks=locks,
            publish=self._publish,
            log=self._log,
        )
        self._mutations = Mutations(
            catalogue=self._catalogue,
            merger=self._merger,
            locks=locks,
            snapshot=self._snapshot,
            roots=self._roots,
            mounts=self._mounts,
            link=self._link,
            waiters=self._waiters,
            reads=self._reads,
            publish=self._publish,
            configure=self._configure_engine,
            engine_wanted=self._engine_wanted,
            released=lambda torrent: self._isolation.forget(torrent),
            on_paused=self._event_logger.paused,
            shared_files=lambda: self._shared_files,
            shelf=self._shelf,
        )
        self._reloader = Reloader(
            self._in_force,
            read=self._read_again,
            apply=self._apply_config,
            engine_up=lambda: self._link.up,
            on_taken=self._config_taken,
            on_refused=self._config_refused,
            manager=self._manager,
            log=self._log,
        )

    def _isolate(self) -> Isolation:
        return Isolation(
            catalogue=self._catalogue,
            snapshot=self._snapshot,
            group=self._background,
            quarantine=self._mutations.quarantine,
            load=self._restorer.give_missing,
            publish=self._publisher.lifecycle,
            report=partial(self._report_by_itself, "bisection", "the others are loaded by themselves then"),
            log=self._log,
        )

    def _open_to_clients(self, context: "zmq.Context[zmq.Socket[bytes]]") -> None:
        """Binds the sockets of clients. Raises UnusableAccess."""
        self._access = Access(self._config.api, context, self._log)
        watch = self._access.watch
        events = bind(context, zmq.XPUB, self._runtime_dir, EVENTS_SOCKET, watch=watch)
        self._commands = bind(context, zmq.ROUTER, self._runtime_dir, COMMANDS_SOCKET, watch=watch)
        self._access.offer_tcp(events, "tcp_events")
        self._access.offer_tcp(self._commands, "tcp_commands")
        self._publisher = Publisher(
            events,
            self._events,
            on_hung_up=self._access.subscriber_hung_up,
            met=self._access.met,
            on_lifecycle=self._published,
        )

    def _serve(self, group: asyncio.TaskGroup) -> Requests:
        return Requests(
            self._commands,
            group=group,
            reads=self._reads,
            mutations=self._mutations,
            events=self._events,
            disk_reads=DiskReads(self._crashes, self._shelf),
            engine_reads=EngineReads(
                reads=self._reads,
                catalogue=self._catalogue,
                snapshot=self._snapshot,
                link=self._link,
                describe=self._describe,
            ),
            stopping=lambda: self._keeper.stopping,
            gen=lambda: self._keeper.gen,
            log=self._log,
            admit=self._access.admit,
        )

    def _catch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop, signal.Signals(number).name)
        loop.add_signal_handler(signal.SIGHUP, self._hung_up, logs.on_terminal())

    @contextlib.contextmanager
    def _checking_itself(self, context: "zmq.Context[zmq.Socket[bytes]]") -> Iterator[None]:
        """Within it the service manager, where there is one, hears that commands are answered, over and over."""
        if not self._manager.present:
            yield
            return
        check = SelfCheck(connect(context, self._runtime_dir, COMMANDS_SOCKET), self._answers)
        wanted_s = self._manager.watchdog_s
        period_s = SELF_CHECK_S if wanted_s is None else wanted_s / 2
        checking = self._background.keep("self-check", partial(check.run, period_s))
        yield
        checking.cancel()
        check.close()

    def _answers(self) -> None:
        if not self._told_ready:
            self._told_ready = True
            self._manager.ready()
        self._manager.alive()

    def _hung_up(self, on_terminal: bool) -> None:
        """SIGHUP asks for the configuration to be read again, or says that the terminal is gone."""
        if on_terminal and not logs.on_terminal():
            self._stop("SIGHUP, and the terminal is gone")
        else:
            self._reloader.ask()

    def _stop(self, reason: str) -> None:
        self._log.info("stopping", reason=reason)
        self._manager.stopping()
        self._health.stopping = True
        self._pulse.end()  # the drain has a deadline of its own
        self._reporter.tell()
        self._keeper.stop()

    # -- the engine -----------------------------------------------------------------------------------------------

    def _spawn(self, gen: int, on_death: Callable[[Death], None]) -> Child:
        log = self._log.bind(source="engine", gen=gen)
        return Child(
            gen=gen,
            endpoint=ipc_endpoint(self._runtime_dir, ENGINE_SOCKET),
            resume_dir=self._resume_dir.root,
            lock_fds=[lock.fd for lock in self._locks],
            on_death=on_death,
            on_log=partial(self._engine_wrote, log, gen),
            engine=self._engine,
            sandbox=self._config.sandbox.mode,
            roots=[root for root in self._wanted_roots.bounds.roots if root not in self._places.silent],
        )

    def _engine_wrote(self, log: logs.Logger, gen: int, line: bytes) -> None:
        if blame.tells_of_shortage(line):
            self._short = gen
        logs.relay(log, line, self._event_logger.admits)

    def _fingerprint(self) -> object:
        """What a spare depends on. It holds the lock on the resume directory that there was when it was made."""
        places = [self._places.seen.get(path) for path in self._places_wanted()]
        return self._config, self._locks[0].identity, self._code.seen, places, frozenset(self._places.silent)

    def _places_wanted(self) -> list[str]:
        """Where the next engine is to be able to write."""
        return [*self._wanted_roots.bounds.roots, *self._own_places]

    def _own_directories(self) -> list[str] | None:
        """The engine's directories in the resume directory; None while that cannot be relied on."""
        return None if self._warden.trouble else self._own_places

    def _engine_spawned(self, child: Child, warm: bool) -> None:
        self._roots.follow(self._wanted_roots)
        self._renewal.covered = {}
        self._publisher.gen = child.gen
        self._isolation.engine_spawned()
        self._pulse.begin(heard=warm)

    def _configure_engine(self) -> None:
        settings = self._reads.settings()
        self._link.send(
            Configure(
                settings=self._config.engine,
                download_bps=settings.download_bps,
                upload_bps=settings.upload_bps,
                torrents=len(self._catalogue.torrents),
                revision=self._catalogue.session.revision,
                resume_dir=self._locks[0].identity,
                config=self._in_force.number,
                bounds=self._roots.bounds,
            )
        )

    def _engine_ready(self, event: EngineReady) -> None:
        self._log.info("engine_ready", gen=self._keeper.gen, pid=event.pid, port=event.listen_port)
        self._reads.libtorrent = event.libtorrent
        self._reads.sandbox = event.sandbox
        self._renewal.covered = event.places
        if not self._keeper.ready():
            return
        self._publisher.lifecycle(EngineStarted(pid=event.pid, restarts=self._keeper.restarts))
        self._isolation.engine_ready()
        self._health.started = True
        for subject in ("process", "settings"):  # told with what follows
            self._health.report("engine", subject, None, severity=Severity.DEGRADING, now_us=0)
        self._restorer.give_all()

    def _published(self, event: LifecycleEvent) -> None:
        """Who has to hear of what clients are told."""
        self._event_logger.take(event)
        self._troubles.take(event)

    def _restore_told(self, problem: str | None) -> None:
        """One line tells of all torrents that are back, however many there are."""
        if problem is None and self._restoring_since is not None:
            took_ms = int((time.monotonic() - self._restoring_since) * 1000)
            self._log.info(
                "restored", torrents=self._restore.total, failing=self._event_logger.failing, took_ms=took_ms
            )
            self._restoring_since = None
        elif problem is not None and self._restoring_since is None:
            self._restoring_since = time.monotonic()
        self._report_by_itself("restore", "the others follow by themselves", problem)

    def _engine_beats(self, heartbeat: Heartbeat) -> None:
        self._pulse.beat(heartbeat)
        self._engine_log.told(self._keeper.gen, heartbeat.log_lost, time.monotonic())

    def _torrent_taken_up(self, torrent: str) -> None:
        self._pulse.confirmed()
        self._restorer.taken_up(torrent)

    def _excuses(self, death: Death) -> bool:
        """Whether a death was part of finding out which torrent crashes the engine."""
        if self._keeper.stopping or self._keeper.child is None:
            return False
        return self._isolation.excuses(
            death,
            death.told,
            self._keeper.child.flight(),
            killed_by_us=death.killed_for is not None,
            shortage=self._short == self._keeper.gen,
            report=self._crash_report,
        )

    def _engine_busy(self) -> bool:
        """Whether it may be in a long call with good reason."""
        return self._keeper.lifecycle.state is State.STARTING or not self._restorer.done

    def _engine_waits_for_disk(self) -> bool:
        """Whether it may be loading torrents from a disk that does not answer anybody."""
        return self._engine_busy() and self._warden.slowness(time.monotonic()) is not None

    def _engine_crashed(self, child: Child, death: Death) -> None:
        """Has a report written. Its stacks are in the log, too, for where reports cannot be written."""
        report = report_on(
            child,
            death,
            uptime_ms=int((time.monotonic() - self._keeper.spawned_at) * 1000),
            versions={"ouzel": self._version, "libtorrent": self._reads.libtorrent},
            settings=msgspec.to_builtins(self._config),
        )
        if report.stacks:
            self._log.error("engine_stacks", gen=child.gen, stacks=report.stacks.splitlines())
        self._crash_report = report.name
        self._crashes.file(report)

    def _engine_lost(self, pid: int | None, death: Death) -> None:
        self._pulse.end()
        if self._keeper.stopping:
            return
        lifecycle = self._keeper.lifecycle
        retry_ms = None if lifecycle.next_start_s is None else int(lifecycle.next_start_s * 1000)
        self._reporter.report("engine", "process", *engine_health.problem(lifecycle, death.told))
        self._reporter.report("resume_dir", "fastresume", None)  # the next engine tells of its own
        self._publisher.lifecycle(
            EngineLost(
                pid=pid,
                exit_code=death.exit_code,
                signal=death.signal,
                retry_ms=retry_ms,
                killed_for=death.killed_for,
            )
        )
        for event in engine_lost_events(self._snapshot.engine_lost(now_us())):
            self._publisher.lifecycle(event)

    def _engine_wanted(self) -> None:
        lifecycle = self._keeper.lifecycle
        if lifecycle.state is State.OVER_BUDGET:
            raise OuzelError(
                ErrorKind.ENGINE_UNAVAILABLE,
                "the engine has crashed too often and is only tried now and then; nothing was accepted",
                retry_after_ms=int((lifecycle.next_start_s or 0) * 1000),
            )

    def _settings_refused(self, event: SettingsRefused) -> None:
        problem = f"{event.section}.{event.setting}: {event.message}"
        self._log.error("settings_refused", setting=event.setting, problem=str(event.message))
        if self._reloader.refused(event.config, problem):
            return
        if not self._health.started:
            self._refusal = UnusableSettings(problem)
            self._keeper.stop()
            return
        # Another libtorrent than the engines before had: the service answers on, and tries again now and then.
        refused = f"the engine refuses {problem}; correct it in the configuration and have that read again (SIGHUP)"
        self._reporter.report("engine", "settings", refused, Severity.FATAL)
        self._keeper.kill(refused)

    def _settings_applied(self, event: SettingsApplied) -> None:
        self._reloader.confirmed(event.config)

    def _torrent_forgotten(self, event: TorrentForgotten) -> None:
        self._torrent_taken_up(event.torrent)
        leaving = self._catalogue.leaving.get(event.torrent)
        if leaving is None:
            return
        problem = event.problem
        if leaving.removal == "delete_files" and leaving.quarantine is not None:
            problem = f"{leaving.quarantine.reason}, and has to be loaded for its files to be found"
        if event.left or (problem is not None and leaving.removal == "delete_files"):
            left = event.left[:FILES_LOGGED]
            self._log.warning("files_not_deleted", torrent=event.torrent, problem=problem, paths=left)
            message = f"files of the removed torrent {event.torrent} were not deleted: {problem}"
            self._publisher.lifecycle(SessionError(name="files_not_deleted", message=message, paths=event.left))
        self._background.create_task(self._drop(event.torrent))

    async def _drop(self, torrent: str) -> None:
        """Deletes the record of a torrent that is gone; where that fails, it is tried again until it is done."""
        if torrent in self._dropping:
            return
        self._dropping.add(torrent)
        problem = None
        try:
            while torrent in self._catalogue.leaving and not self._finished.is_set():
                try:
                    await self._catalogue.drop(torrent)
                except OuzelError as error:
                    if problem != error.message:
                        problem = error.message
                        self._log.warning("record_not_deleted", torrent=torrent, problem=problem)
                    with contextlib.suppress(TimeoutError):  # at the end of the service it is for the next one to do
                        async with asyncio.timeout(DROP_AGAIN_S):
                            await self._finished.wait()
        finally:
            self._dropping.discard(torrent)
        if torrent in self._catalogue.leaving:
            return
        self._isolation.forget(torrent)
        self._mutations.forgotten(torrent)

    def _learned(self, fact: Learned) -> None:
        self._background.create_task(self._learn(fact))

    async def _learn(self, fact: Learned) -> None:
        """Has a record say what an engine found out; where that fails, the next engine finds it out again."""
        try:
            await self._mutations.learn(fact)
        except OuzelError as error:
            self._log.warning("not_learned", torrent=fact.torrent, problem=error.message)

    async def _describe(self, torrents: list[DesiredTorrent]) -> None:
        """Finds out what is stored of torrents that no engine has loaded."""
        self._described.update(each.torrent for each in torrents)
        for event in await self._describer.describe(torrents):
            self._observer.take_described(event)

    async def _describe_unloaded(self) -> None:
        """Has rows say how large torrents are that no engine will load soon, or ever; once for each of them."""
        stranded = not self._link.up and self._keeper.lifecycle.state in (State.BACKING_OFF, State.OVER_BUDGET)
        if self._quarantine_described and not stranded:
            return
        unknown = [
            each
            for torrent, each in self._catalogue.torrents.items()
            if (stranded or each.quarantine is not None)
            and torrent not in self._described
            and torrent not in self._snapshot.present
            and self._snapshot.of(torrent).metadata is None
        ]
        self._quarantine_described = not unknown
        if unknown:
            await self._describe(unknown[:AT_ONCE])

    async def _describe_over_and_over(self) -> None:
        while True:
            await self._describe_unloaded()
            await asyncio.sleep(TICK_S)

    def _name_of(self, torrent: str) -> str:
        """The name of a torrent that there is, or that is leaving; empty where that is not known."""
        desired = self._catalogue.torrents.get(torrent) or self._catalogue.leaving.get(torrent)
        return "" if desired is None else self._snapshot.name(desired)

    def _publish(self, event: LifecycleEvent) -> int:
        if isinstance(event, TorrentAdded | TorrentRemoved):
            self._reporter.renewed(event.torrent)
        if isinstance(event, TorrentRemoved):
            self._shared_files.gone(event.torrent)
            self._failing_trackers.note(event.torrent, None)
        return self._publisher.lifecycle(event)

    # -- the configuration ----------------------------------------------------------------------------------------

    def _restart_policy(self) -> RestartPolicy:
        restart = self._config.restart
        return standard_policy(
            window_s=restart.window_s, budget=restart.budget, max_delay_s=restart.max_delay_s, probe_s=self._probe_s
        )

    def _apply_config(self) -> None:
        self._reads.config = self._config
        self._log_form.follow(self._config.log.format, self._config.log.level)
        self._keeper.follow(self._restart_policy())
        if self._wanted_roots.bounds != self._roots.bounds and self._keeper.lifecycle.state is State.RUNNING:
            self._renewal.ask("the download roots are others now")
            return  # the next engine is configured with them, and says what it thinks of the rest
        self._roots.follow(self._wanted_roots)
        self._configure_engine()

    def _read_again(self) -> Config:
        """The configuration as it is now, in a thread. Its download roots are made where they are missing.

        Raises InvalidConfig.
        """
        config = self._read_config(self._config)
        key = tuple(config.paths.download_roots)
        if key != tuple(self._config.paths.download_roots):
            for index, root in enumerate(key):
                try:
                    private_dir.make_shared(Path(root))
                except OSError as error:
                    raise InvalidConfig(f"paths.download_roots[{index}]: {root}: {error.strerror}") from error
            try:
                self._roots_read[key] = self._roots_of(config)
            except (OSError, RuntimeError) as error:  # the latter where links lead in a circle
                raise InvalidConfig(f"paths.download_roots: {error}") from error
        return config

    def _handed_over(self, event: ResumeHandedOver | AllHandedOver) -> None:
        work = self._write_resume(event) if isinstance(event, ResumeHandedOver) else self._end_hand_over()
        self._background.create_task(work)

    async def _end_hand_over(self) -> None:
        """All was handed over; the next engine, which reads it, comes once it is written."""
        await self._catalogue.settled()
        self._renewal.handed_over()

    async def _write_resume(self, event: ResumeHandedOver) -> None:
        if event.torrent not in self._catalogue.torrents:  # a part of the file's name, so it has to be one of ours
            return
        if (problem := await self._catalogue.put_resume(event.torrent, event.content)) is not None:
            self._log.warning("resume_data_not_written", torrent=event.torrent, problem=str(problem))

    def _config_taken(self, changes: Changes) -> None:
        self._reporter.report("config", "file", None)
        set_by_clients = msgspec.to_builtins(self._catalogue.session)
        overridden = [
            key for key in changes.changed if key.startswith("limits.") and set_by_clients[key[7:]] is not None
        ]
        self._log.info(
            "reloaded", changed=changes.changed, overridden=overridden, restart_needed=changes.restart_needed
        )
        if changes.changed or changes.restart_needed:
            self._publisher.lifecycle(
                SettingsChanged(changed=changes.changed, overridden=overridden, restart_needed=changes.restart_needed)
            )

    def _config_refused(self, problem: str) -> None:
        message = f"{problem}; nothing was changed: correct it and reload (SIGHUP)"
        self._publisher.lifecycle(SessionError(name="config_refused", message=message))
        self._reporter.report("config", "file", message)

    # -- health and time ------------------------------------------------------------------------------------------

    def _resume_dir_replaced(self, lock: DirectoryLock) -> None:
        replaced, self._locks[0] = self._locks[0], lock
        replaced.close()

    def _resume_dir_back(self, mended: list[Mended]) -> None:
        """Tells what was mended, and has the engine write what only it knows, and load what it could not."""
        for torrent, what, done in mended:
            self._publisher.lifecycle(Reconciled(torrent=torrent, what=what, done=done))
        # Where its sandbox keeps the engine out of the directory that is there now, the renewal has it hand over.
        self._link.send(SaveAll(resume_dir=self._locks[0].identity))
        self._restorer.forget_leaving()
        self._totals.save_all()
        if not self._link.up:
            return
        again = {
            torrent: desired
            for torrent, desired in self._catalogue.torrents.items()
            if not self._restorer.done or self._snapshot.of(torrent).state is TorrentState.ERROR
        }
        if again:
            self._restorer.give(again)

    def _catalogue_loaded(self, damaged: list[DamagedFile]) -> None:
        """The directory could be listed at last: all that is in it is new to clients and to the engine."""
        for file in damaged:
            self._reporter.put_aside(file)
        for unreadable in self._catalogue.unreadable.values():
            self._snapshot.unreadable(unreadable.torrent or "", unreadable.problem)
            self._reporter.unreadable(unreadable.name, unreadable.problem)
        for desired in self._catalogue.torrents.values():
            self._appeared(desired)
        self._configure_engine()
        if self._link.up:
            self._restorer.give_all()

    def _record_found(self, torrent: str, desired: DesiredTorrent | None) -> None:
        """A record that could not be read is known now, or turned out not to be one."""
        if desired is None or desired.removal is not None:
            self._publisher.lifecycle(TorrentRemoved(torrent=torrent, delete_files=False))
            self._snapshot.forget(torrent)
        else:
            self._appeared(desired)
        if desired is None:
            return
        if desired.removal is None:
            self._link.send(EnsureTorrent(desired=desired))
        else:
            self._link.send(forget(desired))

    def _appeared(self, desired: DesiredTorrent) -> None:
        """A record is known that clients have not seen, or only that it is there."""
        torrent, quarantine = desired.torrent, desired.quarantine
        self._shared_files.appeared(desired)
        for event in appeared(desired):
            self._publisher.lifecycle(event)
        changes = self._snapshot.queued(torrent)
        if quarantine is not None:
            changes = self._snapshot.quarantined(torrent, quarantine.reason)
        for change in changes:
            self._publisher.lifecycle(change)

    def _engine_put_aside(self, event: FilePutAside) -> None:
        self._background.create_task(self._report_put_aside(event))

    async def _report_put_aside(self, event: FilePutAside) -> None:
        done, staged = event.done, event.staged
        if staged is not None:
            done = await in_thread(partial(moved_on, self._resume_dir, done, staged))
        gone = event.torrent not in self._catalogue.torrents  # removed meanwhile: nobody would clear the problem
        self._reporter.put_aside(DamagedFile(event.file, event.torrent, event.what, done, orphan=gone))

    def _metainfo_damaged(self, event: MetainfoDamaged) -> None:
        self._background.create_task(self._put_metainfo_aside(event))

    async def _put_metainfo_aside(self, event: MetainfoDamaged) -> None:
        torrents, torrent = self._catalogue.torrents, event.torrent
        file = await in_thread(partial(refused_metainfo, self._resume_dir, torrents, torrent, event.problem))
        if file is not None:
            self._reporter.put_aside(file)

    def _session_told(self, stats: SessionStats) -> None:
        configured = self._config.engine.get("listen_interfaces")
        text = configured if isinstance(configured, str) else None
        devices = [] if text is None else [name for _, name in socket.if_nameindex()]
        told = listening.problem(text, stats.listen_port, stats.listeners, devices)
        self._reporter.report("engine", "listen", *told)

    def _report_disk(
        self,
        component: str,
        subject: str,
        what: str,
        problem: str | None,
        severity: Severity = Severity.DEGRADING,
    ) -> None:
        self._reporter.report(component, subject, with_remedy(what, problem), severity)

    def _report_by_itself(self, subject: str, outlook: str, problem: str | None) -> None:
        self._reporter.report("engine", subject, problem and f"{problem}; {outlook}")

    def _report_access(self, subject: str, problem: str | None) -> None:
        """One client's key concerns that client, the directory of keys all that come over tcp."""
        severity = Severity.NOTED if subject == FILES else Severity.DEGRADING
        self._reporter.report("access", subject, problem, severity)

    def _root_seen(self, root: str, problem: str | None) -> None:
        """All is hindered where torrents cannot be stored that come without a save path."""
        severity = Severity.DEGRADING if root == self._wanted_roots.default else Severity.NOTED
        self._reporter.report("download_roots", root, problem, severity)

    def trackers_failing(self, torrent: str, since: float | None) -> None:
        """All trackers of a torrent fail since then, in monotonic seconds, or not all of them (None)."""
        self._failing_trackers.note(torrent, since)

    def _tell_of_torrents(self) -> None:
        for cause, problem in self._troubles.changes(self._name_of).items():
            self._reporter.report("torrents", cause, problem, Severity.NOTED)
        failing = self._failing_trackers.problem(time.monotonic(), self._name_of)
        self._reporter.report("torrents", "trackers", failing, Severity.NOTED)

    def _look_at_memory(self) -> None:
        """Has an engine that holds too much replaced; what is wrong is said until the next one has been looked at."""
        child, now = self._keeper.child, time.monotonic()
        if child is None or self._keeper.lifecycle.state is not State.RUNNING:
            return
        recycle, problem = self._memory.judge(memory.held_bytes(child.pid), now)
        self._reporter.report("engine", "memory", problem)
        if recycle and problem is not None:
            self._publisher.lifecycle(SessionError(name="memory_high", message=problem))
            self._keeper.recycle(problem)

    async def _tick(self) -> None:
        while True:
            for name, part in (
                ("restorer", self._restorer.report),
                ("memory", self._look_at_memory),
                ("spare", self._look_after_spare),
                ("isolation", self._look_after_isolation),
                ("event-log", self._event_logger.tick),
                ("totals", self._count_time),
                ("torrents", self._tell_of_torrents),
                ("tick", self._tell_the_time),
            ):
                self._background.attempt(name, part)
            await asyncio.sleep(TICK_S)

    def _count_time(self) -> None:
        self._totals.tick(time.monotonic(), up=self._link.up)

    def _look_after_spare(self) -> None:
        if self._restorer.done:
            self._keeper.prepare_spare()

    def _look_after_isolation(self) -> None:
        if self._link.up:
            self._isolation.tick(restored=self._restorer.done)

    def _tell_the_time(self) -> None:
        self._reporter.report("resume_dir", "slow", self._warden.slowness(time.monotonic()))
        self._reporter.report("log", "stderr", self._log_problem(), Severity.NOTED)
        self._reporter.report("log", "engine", self._engine_log.problem(time.monotonic()), Severity.NOTED)
        self._publisher.latest(Tick(head=self._events.head, status=self._health.status))
        self._manager.status(self._status_line())
        if self._keeper.stopping:
            self._manager.extend(STOP_PATIENCE_S)

    def _status_line(self) -> str:
        """What the service manager shows: how the service is, in words, and the worst that is wrong."""
        reasons = self._health.reasons
        generation = f"{len(self._catalogue.torrents)} torrents, engine generation {self._keeper.gen}"
        worst = f"; {reasons[0].component}: {reasons[0].message}" if reasons else ""
        return f"{self._health.status.value}: {generation}{worst}"
