"""The service: one asyncio loop on which all parts of the supervisor meet.

Code on this loop never blocks. Disk access runs in threads, and engines run in processes. This module constructs the
parts, starts them in order, and stops them in order. The parts make all decisions.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

from protocol.durable.directory_lock import DirectoryLock
from protocol.durable.resume_dir import ResumeDir
from protocol.host.mounts import MountTable
from supervisor.commands.roots.roots_in_force import RootsInForce
from supervisor.commands.session_settings import SessionSettings
from supervisor.concurrency.threads import in_thread
from supervisor.config.config import Config
from supervisor.config.config_changes import ConfigInForce
from supervisor.engine.engine import Engine, Part
from supervisor.engine.facts import EngineFact
from supervisor.engine.life.restart_policy import PROBE_S
from supervisor.engine.process.child import ENGINE_MODULE
from supervisor.engine.process.code_stamp import CodeStamp
from supervisor.engine.process.describer import Describer
from supervisor.engine.process.launcher import Launcher
from supervisor.health.torrent_troubles import TorrentTroubles
from supervisor.hooks.hook_queues import HookQueues
from supervisor.host import memory, signals
from supervisor.host.place_watch import PlaceWatch
from supervisor.host.service_manager import ServiceManager
from supervisor.log import logs
from supervisor.log.log_form import Destination, Form
from supervisor.mediators.clock import STOP_PATIENCE_S
from supervisor.metrics.meters import Meters
from supervisor.payload.file_watch import FileWatch
from supervisor.payload.root_watch import RootWatch, user_name
from supervisor.requests.readiness import Readiness
from supervisor.store.catalogue import Catalogue
from supervisor.store.ip_filter_copy import IpFilterCopy
from supervisor.store.stored_format import write_format
from supervisor.wiring.command_parts import CommandParts
from supervisor.wiring.handler_parts import HandlerParts, policy_of
from supervisor.wiring.sockets import Sockets
from supervisor.wiring.watch_parts import WatchParts

SLOT: Final = 0
"""The number of the only slot."""


class UnusableSettings(Exception):
    """libtorrent refused the configured settings. The message names the key."""


class Service:
    """The supervisor, from its sockets to its engine. `open_service` constructs a service, and documents most
    arguments.

    Args:
        launcher: starts engine processes.
        closing: closes the parts at the end, in the reverse order of their construction.
    """

    def __init__(
        self,
        config: Config,
        locks: list[DirectoryLock],
        version: str,
        log: logs.Logger,
        *,
        config_file: Path | None,
        read_config: Callable[[Config], Config],
        manager: ServiceManager,
        module: str,
        probe_s: float,
        launcher: type[Launcher],
        log_problem: Callable[[], str | None],
        log_form: Form,
        log_lost: Callable[[], int],
        closing: AsyncExitStack,
    ) -> None:
        in_force, paths, policy = ConfigInForce(config), config.paths, partial(policy_of, probe_s)
        runtime_dir = Path(paths.runtime_dir)
        self._resume_dir = resume_dir = ResumeDir(Path(paths.resume_dir))
        self._manager, self._log = manager, log
        self._group = asyncio.TaskGroup()
        self._finished = asyncio.Event()
        self._refusal: str | None = None
        self._troubles = TorrentTroubles(user_name(os.geteuid()))
        log_form.name_of = self._name_of

        meters = Meters()
        self._catalogue = catalogue = Catalogue(resume_dir, meters.committed)
        self._damaged = catalogue.load()
        roots = RootsInForce(in_force, [resume_dir.root, runtime_dir, Path(paths.state_dir), *config.api.directories])
        mounts, places, code = MountTable(), PlaceWatch(), CodeStamp()
        hooks = HookQueues(config.hooks, catalogue)
        self._sockets = sockets = Sockets(
            config.api, runtime_dir, on_event=[self._troubles.handle, hooks.handle], log=log, closing=closing
        )
        closing.callback(catalogue.close)
        closing.callback(manager.extend, STOP_PATIENCE_S)  # closing the catalogue waits for the disk
        closing.callback(mounts.close)
        closing.callback(places.close)
        closing.callback(sockets.event_logger.close)

        settings = SessionSettings(in_force, catalogue=catalogue, roots=roots, locks=locks, log_levels=log_form.levels)
        self._engine = engine = Engine(
            SLOT,
            catalogue,
            self._heard,
            socket=sockets.engines,
            launcher=launcher(
                version,
                module,
                in_force=in_force,
                locks=locks,
                roots=roots.wanted_paths,
                own_places=[str(resume_dir.fastresume_dir)],
                reliable=self._resume_dir_is_reliable,
                code=code,
                places=places,
            ),
            settings=settings.configure,
            policy=policy(config),
            memory_limit=memory.limit_bytes(config.restart.max_memory_mb),
            describer=Describer(resume_dir.root, config.sandbox.mode),
            disk_is_slow=self._disk_is_slow,
            log=log,
        )
        log_form.request_of = engine.requests.request_of
        self._watch = watch = WatchParts(
            paths,
            group=self._group,
            sockets=sockets,
            catalogue=catalogue,
            resume_dir=resume_dir,
            locks=locks,
            roots=roots,
            totals=engine.snapshot.totals,
            troubles=self._troubles,
            name_of=self._name_of,
            log=log,
        )
        self._ip_filter = IpFilterCopy(
            resume_dir,
            file=lambda: in_force.config.ip_filter.file,
            report=partial(watch.reporter.report, "ip_filter", "file"),
        )
        self._commands = commands = CommandParts(
            in_force,
            version=version,
            resume_dir=resume_dir,
            catalogue=catalogue,
            roots=roots,
            mounts=mounts,
            engine=engine,
            sockets=sockets,
            watch=watch,
            settings=settings,
            log_form=log_form,
            hooks=hooks,
            meters=meters,
            log_lost=log_lost,
            ended=self._finished,
            log=log,
        )
        self._handlers = handlers = HandlerParts(
            in_force,
            config_file=config_file,
            read_config=read_config,
            policy=policy,
            roots=roots,
            catalogue=catalogue,
            resume_dir=resume_dir,
            locks=locks,
            engine=engine,
            sockets=sockets,
            watch=watch,
            commands=commands,
            settings=settings,
            hooks=hooks,
            meters=meters,
            manager=manager,
            log_form=log_form,
            log_problem=log_problem,
            log=log,
            on_finished=self._finished.set,
            on_unusable=self._unusable,
        )
        self._parts: dict[str, Part] = {
            "code": code.run,
            **handlers.parts(),
            "roots": RootWatch(roots.wanted_paths, watch.places.root, watch.spaces).run,
            "ip-filter": self._ip_filter.run,
            "files": FileWatch(catalogue, engine.snapshot, engine.look_at_files).run,
            "merger": commands.merger.run,
            "jobs": commands.jobs.run,
            "access": partial(sockets.access.run, watch.places.access),
            **engine.parts(),
        }

    # -- the phases of the service ----------------------------------------------------------------------------------

    async def serve(self) -> None:
        """Runs the service until SIGTERM, SIGINT or a call of `stop`.

        Raises:
            UnusableSettings: libtorrent refuses the first engine's settings.
        """
        async with self._group:
            # Start-up: slow steps come before clients are answered and signals are caught.
            await self._watch.totals.load()
            await self._engine.prepare()
            await self._ip_filter.prepare()
            with contextlib.suppress(OSError):  # the warden reports the cause, and writes it later
                await in_thread(partial(write_format, self._resume_dir))
            requests = self._commands.answer(self._group)
            signals.catch(stop=self.stop, reload=self._handlers.reloader.request_reload)
            self._tell_what_was_found()
            running = [self._watch.background.keep(name, part) for name, part in self._parts.items()]
            self._engine.start()
            # Serving.
            with Readiness(self._manager).checked(self._watch.background, self._sockets.connect):
                await self._finished.wait()
            # Shutdown: the engine has ended.
            for task in running:
                task.cancel()
            await requests.close()
            await self._watch.crashes.close()
            await self._watch.totals.close()
        if self._refusal is not None:
            raise UnusableSettings(self._refusal)

    def stop(self, reason: str) -> None:
        """Starts the shutdown. The engine saves its data and exits, then `serve` returns."""
        self._log.info("stopping", reason=reason)
        self._manager.stopping()
        self._watch.health.stopping = True
        self._watch.reporter.publish()
        self._engine.stop()

    def _tell_what_was_found(self) -> None:
        self._handlers.resume_dir.began(self._damaged)
        for torrent, desired in self._catalogue.torrents.items():
            if desired.quarantine is not None:
                self._troubles.quarantined(torrent)

    def _unusable(self, problem: str) -> None:
        self._refusal = problem
        self._engine.stop()

    # -- callbacks of the engine and other parts into parts that are constructed after them ---------------------------

    def _heard(self, fact: EngineFact) -> None:
        self._handlers.engine.handle(fact)

    def _name_of(self, torrent: str) -> str:
        """The name of a torrent. Empty if the name is unknown.

        Torrents that are being removed have a name, too.
        """
        desired = self._catalogue.torrents.get(torrent) or self._catalogue.leaving.get(torrent)
        return "" if desired is None else self._engine.snapshot.name(desired)

    def _resume_dir_is_reliable(self) -> bool:
        return not self._handlers.warden.trouble

    def _disk_is_slow(self) -> bool:
        return self._handlers.warden.slowness(time.monotonic()) is not None


@asynccontextmanager
async def open_service(
    config: Config,
    locks: list[DirectoryLock],
    version: str,
    log: logs.Logger,
    *,
    config_file: Path | None = None,
    read_config: Callable[[Config], Config],
    manager: ServiceManager,
    module: str = ENGINE_MODULE,
    probe_s: float = PROBE_S,
    launcher: type[Launcher] = Launcher,
    log_problem: Callable[[], str | None] = lambda: None,
    log_form: Form | None = None,
    log_lost: Callable[[], int] = lambda: 0,
) -> AsyncIterator[Service]:
    """Opens a service with bound sockets, and closes it at the end of the context.

    Args:
        config: the configuration.
        locks: held locks on the directories. The first lock is on the resume directory. Engines inherit the locks.
        version: the version of Ouzel.
        log: the logger of the service.
        config_file: the file that is watched for changes; None if there is none.
        read_config: reads the configuration again. Its argument is the configuration in force. Raises InvalidConfig.
        manager: the service manager. It is notified of readiness. Its watchdog is fed while commands are answered.
        module: the module that is run as the engine.
        probe_s: the interval between starts of an engine after the restart budget is spent.
        launcher: starts engine processes. Tests pass a fake launcher.
        log_problem: returns the problem of the log, or None.
        log_form: the form of the log's lines. A reload of the configuration can change it.
        log_lost: returns the number of dropped log lines.

    Raises:
        UnusableAccess: clients on tcp cannot be served as configured.
    """
    async with AsyncExitStack() as closing:
        yield Service(
            config,
            locks,
            version,
            log,
            config_file=config_file,
            read_config=read_config,
            manager=manager,
            module=module,
            probe_s=probe_s,
            launcher=launcher,
            log_problem=log_problem,
            log_form=log_form or Form(Destination.ELSEWHERE),
            log_lost=log_lost,
            closing=closing,
        )
