"""Constructs the handler parts of a service. A handler passes reports of one part to other parts."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from protocol.durable.directory_lock import DirectoryLock
from protocol.durable.resume_dir import ResumeDir
from supervisor.commands.roots.roots_in_force import RootsInForce
from supervisor.commands.session_settings import SessionSettings
from supervisor.config.config import Config
from supervisor.config.config_changes import ConfigInForce
from supervisor.config.config_watch import ConfigWatch
from supervisor.config.reloader import Reloader
from supervisor.engine.engine import Engine, Part
from supervisor.engine.life.restart_policy import RestartPolicy, standard_policy
from supervisor.hooks.hook_queues import HookQueues
from supervisor.host.service_manager import ServiceManager
from supervisor.log import logs
from supervisor.log.log_form import Form
from supervisor.mediators.clock import Clock
from supervisor.mediators.config_handler import ConfigHandler
from supervisor.mediators.engine_handler import EngineHandler
from supervisor.mediators.limit_clock import LimitClock
from supervisor.mediators.resume_dir_handler import ResumeDirHandler
from supervisor.metrics.meters import Meters
from supervisor.store.catalogue import Catalogue
from supervisor.store.resume_dir_warden import ResumeDirWarden
from supervisor.wiring.automation_parts import AutomationParts
from supervisor.wiring.command_parts import CommandParts
from supervisor.wiring.sockets import Sockets
from supervisor.wiring.watch_parts import WatchParts


class HandlerParts:
    """Constructs the handlers, which pass reports of one part to other parts.

    Args:
        config_file: the file that is watched for changes; None if there is none.
        read_config: reads the configuration again. Its argument is the configuration in force. Raises InvalidConfig.
        policy: returns the restart policy of a configuration.
        on_finished: called when the engine has ended for good.
        on_unusable: called with the problem if the first engine refuses the settings.
    """

    def __init__(
        self,
        in_force: ConfigInForce,
        *,
        config_file: Path | None,
        read_config: Callable[[Config], Config],
        policy: Callable[[Config], RestartPolicy],
        roots: RootsInForce,
        catalogue: Catalogue,
        resume_dir: ResumeDir,
        locks: list[DirectoryLock],
        engine: Engine,
        sockets: Sockets,
        watch: WatchParts,
        commands: CommandParts,
        settings: SessionSettings,
        hooks: HookQueues,
        meters: Meters,
        manager: ServiceManager,
        log_form: Form,
        log_problem: Callable[[], str | None],
        log: logs.Logger,
        on_finished: Callable[[], None],
        on_unusable: Callable[[str], None],
    ) -> None:
        self._engine = engine
        self._config_watch = ConfigWatch(config_file, self._request_reload)
        self._automation = AutomationParts(
            in_force.config, hooks, engine=engine, commands=commands, sockets=sockets, watch=watch, log=log
        )
        config = ConfigHandler(
            in_force,
            read=partial(self._config_watch.reading, read_config),
            policy=policy,
            roots=roots,
            engines=[engine],
            reads=commands.reads,
            automation=self._automation.follow,
            catalogue=catalogue,
            publisher=sockets.publisher,
            reporter=watch.reporter,
            log_form=log_form,
            log=log,
        )
        self.reloader = Reloader(
            in_force,
            read=config.read,
            apply=config.apply,
            engine_up=self._is_up,
            on_taken=config.taken,
            on_refused=config.refused,
            manager=manager,
            log=log,
        )
        self.resume_dir = ResumeDirHandler(
            resume_dir,
            locks=locks,
            catalogue=catalogue,
            engine=engine,
            totals=watch.totals,
            publisher=sockets.publisher,
            announcements=commands.announcements,
            reporter=watch.reporter,
            group=watch.background,
            log=log,
        )
        self.warden = ResumeDirWarden(resume_dir, locks[0], catalogue, self.resume_dir.callbacks(), log=log)
        self.engine = EngineHandler(
            engine,
            catalogue=catalogue,
            in_force=in_force,
            roots=roots,
            publisher=sockets.publisher,
            health=watch.health,
            reporter=watch.reporter,
            failing_trackers=watch.failing_trackers,
            torrents=watch.torrents,
            shared_files=commands.shared_files,
            merger=commands.merger,
            metadata=commands.metadata,
            mutations=commands.mutations,
            removals=commands.removals,
            resume_dir=self.resume_dir,
            reloader=self.reloader,
            crashes=watch.crashes,
            event_logger=sockets.event_logger,
            lost_lines=watch.lost_lines,
            meters=meters,
            group=watch.background,
            log=log,
            on_finished=on_finished,
            on_unusable=on_unusable,
        )
        self.clock = Clock(
            engines=[engine],
            catalogue=catalogue,
            warden=self.warden,
            totals=watch.totals,
            events=sockets.events,
            publisher=sockets.publisher,
            event_logger=sockets.event_logger,
            health=watch.health,
            reporter=watch.reporter,
            torrents=watch.torrents,
            goals=commands.goals,
            lost_lines=watch.lost_lines,
            meters=meters,
            limits=LimitClock(engines=[engine], limits=settings.limits_in_force, log=log),
            log_problem=log_problem,
            manager=manager,
            group=watch.background,
        )

    def parts(self) -> dict[str, Part]:
        """The parts that run in the background, by name."""
        return {
            "tick": self.clock.run,
            "warden": self.warden.run,
            "reload": self.reloader.run,
            "config": self._config_watch.run,
            **self._automation.parts(),
        }

    def _request_reload(self) -> None:
        self.reloader.request_reload()

    def _is_up(self) -> bool:
        return self._engine.up


def policy_of(probe_s: float, config: Config) -> RestartPolicy:
    """The restart policy of a configuration.

    Args:
        probe_s: the interval between starts of an engine after the restart budget is spent.
    """
    restart = config.restart
    return standard_policy(
        window_s=restart.window_s, budget=restart.budget, max_delay_s=restart.max_delay_s, probe_s=probe_s
    )
