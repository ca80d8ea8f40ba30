"""Constructs the automation parts of a service: the configured watch folders and hooks."""

from functools import partial

from supervisor.config.config import Config
from supervisor.engine.engine import Engine, Part
from supervisor.health.health import Severity
from supervisor.hooks.hook_queues import HookQueues
from supervisor.hooks.hook_runner import HookRunner
from supervisor.log import logs
from supervisor.watch_folders.watch_folders import WatchFolders
from supervisor.wiring.command_parts import CommandParts
from supervisor.wiring.sockets import Sockets
from supervisor.wiring.watch_parts import WatchParts


class AutomationParts:
    """Constructs the watch folders and hooks. Their problems are only warnings in `health`, because no other part is
    affected.
    """

    def __init__(
        self,
        config: Config,
        hooks: HookQueues,
        *,
        engine: Engine,
        commands: CommandParts,
        sockets: Sockets,
        watch: WatchParts,
        log: logs.Logger,
    ) -> None:
        note = partial(watch.reporter.report, severity=Severity.NOTED)
        self._queues = hooks
        self._snapshot = engine.snapshot
        self._hooks = HookRunner(
            hooks, path_of=self._path_of, report=partial(note, "hooks"), admits=sockets.event_logger.admits, log=log
        )
        self._folders = WatchFolders(
            config.watch, accept=commands.mutations.accept, report=partial(note, "watch"), log=log
        )

    def follow(self, config: Config) -> None:
        """Applies a changed configuration."""
        self._queues.follow(config.hooks)
        self._folders.follow(config.watch)

    def parts(self) -> dict[str, Part]:
        """The parts that run in the background, by name."""
        return {"hooks": self._hooks.run, "watch folders": self._folders.run}

    def _path_of(self, torrent: str, index: int) -> str:
        rows = self._snapshot.files(torrent, index, 1)
        return rows[0].path if rows else ""
