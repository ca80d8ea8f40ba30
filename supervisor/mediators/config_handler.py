"""The config handler: reads configurations, applies them to the parts of the service, and notifies clients."""

from collections.abc import Callable, Sequence
from typing import Final

from protocol.wire.events.session_events import SessionError, SettingsChanged
from supervisor.commands.reads.reads import Reads
from supervisor.commands.roots.roots_in_force import RootsInForce
from supervisor.config.config import Config
from supervisor.config.config_changes import Changes, ConfigInForce
from supervisor.config.goals_config import GoalsConfig
from supervisor.engine.engine import Engine
from supervisor.engine.life.lifecycle import State
from supervisor.engine.life.restart_policy import RestartPolicy
from supervisor.events.publisher import Publisher
from supervisor.health.health_reporter import HealthReporter
from supervisor.log import logs
from supervisor.log.log_form import Form
from supervisor.store.catalogue import Catalogue

LIMITS: Final = ("download_bps", "upload_bps")
"""The keys of `[limits]`, which clients can override."""

GOALS: Final = GoalsConfig.__struct_fields__
"""The keys of `[goals]`, which clients can override."""


class ConfigHandler:
    """Reads configurations, applies them to the parts of the service, and notifies clients.

    Args:
        read: reads the configuration again. Its argument is the configuration in force. Raises InvalidConfig.
        policy: returns the restart policy of a configuration.
        automation: applies a configuration to watch folders and hooks.
    """

    def __init__(
        self,
        in_force: ConfigInForce,
        *,
        read: Callable[[Config], Config],
        policy: Callable[[Config], RestartPolicy],
        roots: RootsInForce,
        engines: Sequence[Engine],
        reads: Reads,
        automation: Callable[[Config], None],
        catalogue: Catalogue,
        publisher: Publisher,
        reporter: HealthReporter,
        log_form: Form,
        log: logs.Logger,
    ) -> None:
        self._in_force = in_force
        self._read = read
        self._policy = policy
        self._roots = roots
        self._engines = engines
        self._reads = reads
        self._automation = automation
        self._catalogue = catalogue
        self._publisher = publisher
        self._reporter = reporter
        self._log_form = log_form
        self._log = log

    def read(self) -> Config:
        """Reads the configuration, and makes missing download roots. Call `read` in a thread.

        Raises InvalidConfig.
        """
        config = self._read(self._in_force.config)
        self._roots.prepare(config)
        return config

    def apply(self) -> None:
        """Applies the configuration in force to all parts of the service."""
        config = self._in_force.config
        self._reads.config = config
        self._log_form.follow(config.log.format, config.log.level, config.log.components)
        self._automation(config)
        for engine in self._engines:
            engine.follow(self._policy(config))
        running = [engine for engine in self._engines if engine.state is State.RUNNING]
        if self._roots.changed and running:
            for engine in running:  # the next engine gets the new roots and settings, and gives the verdict
                engine.recycle("the download roots have changed")
            return
        self._roots.follow()
        for engine in self._engines:
            engine.configure()

    def taken(self, changes: Changes) -> None:
        """Logs and publishes that a configuration was accepted."""
        self._reporter.report("config", "file", None)
        session = self._catalogue.session
        set_by_clients = {f"engine.{name}" for name in session.settings}
        set_by_clients |= {f"limits.{name}" for name in LIMITS if getattr(session, name) is not None}
        own = session.alternative_limits
        if "file" not in (own.download_bps, own.upload_bps):
            set_by_clients.add("limits.alternative")
        if own.schedule != "file":
            set_by_clients.add("limits.schedule")
        set_by_clients |= {f"goals.{name}" for name in GOALS if getattr(session.goals, name) != "file"}
        overridden = [key for key in changes.changed if key in set_by_clients]
        self._log.info(
            "reloaded", changed=changes.changed, overridden=overridden, restart_needed=changes.restart_needed
        )
        if changes.changed or changes.restart_needed:
            self._publisher.lifecycle(
                SettingsChanged(changed=changes.changed, overridden=overridden, restart_needed=changes.restart_needed)
            )

    def refused(self, problem: str) -> None:
        """Publishes that a configuration was refused as a whole."""
        message = f"{problem}; nothing was changed. Correct it: a changed file is read at once"
        self._publisher.lifecycle(SessionError(name="config_refused", message=message))
        self._reporter.report("config", "file", message)
