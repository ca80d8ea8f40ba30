"""The session's settings and bans, which configure an engine. Settings of clients override the configuration."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

import msgspec

from protocol.durable.directory_lock import DirectoryLock
from protocol.internal.link_commands import Configure
from protocol.internal.settings import problem_of, problem_of_name
from protocol.wire.commands.session_commands import UpdateSettings
from protocol.wire.desired import SettingValue
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.events.event import LifecycleEvent
from protocol.wire.events.session_events import SettingsChanged
from protocol.wire.reports import SettingsReport
from protocol.wire.results import SettingList
from supervisor.commands.acceptance import SESSION, Acceptance
from supervisor.commands.groups import limits_by_key
from supervisor.commands.handlers import handles
from supervisor.commands.reads.reads import Reads
from supervisor.commands.roots.roots_in_force import RootsInForce
from supervisor.concurrency.keyed_locks import KeyedLocks
from supervisor.config.config_changes import ConfigInForce
from supervisor.config.limit_schedule import LimitsInForce, LocalTime, in_force, limits_report
from supervisor.engine.engine import Engine
from supervisor.host.local_time import local_time
from supervisor.log.log_levels import LIBTORRENT, Levels
from supervisor.store.catalogue import Catalogue


class SessionSettings:
    """The session's settings of a service. They configure engines.

    Args:
        locks: held locks on directories. The first lock is on the resume directory.
        log_levels: the levels of the log.
        clock: returns the local time: the day of the week (Monday is 0) and the minute of the day.
    """

    def __init__(
        self,
        in_force: ConfigInForce,
        *,
        catalogue: Catalogue,
        roots: RootsInForce,
        locks: Sequence[DirectoryLock],
        log_levels: Levels | None = None,
        clock: Callable[[], tuple[int, int]] = local_time,
    ) -> None:
        self._in_force = in_force
        self._catalogue = catalogue
        self._roots = roots
        self._locks = locks
        self._log_levels = log_levels or Levels()
        self._clock = clock

    def limits(self) -> SettingsReport:
        """The session's limits now. Limits of clients override configured limits."""
        limits, now = self._in_force.config.limits, LocalTime(*self._clock())
        normal = limits.download_bps, limits.upload_bps
        return limits_report(normal, limits.alternative, limits.schedule, self._catalogue.session, now)

    def limits_in_force(self) -> LimitsInForce:
        """The limits that engines get now."""
        return in_force(self.limits())

    def configure(self) -> Configure:
        """The command that configures an engine.

        Its field `torrents` is 0 here. The sender of the command sets this field.
        """
        config, session = self._in_force.config, self._catalogue.session
        limits = self.limits_in_force()
        return Configure(
            settings=config.engine,
            download_bps=limits.download_bps,
            upload_bps=limits.upload_bps,
            torrents=0,
            revision=session.revision,
            resume_dir=self._locks[0].identity,
            config=self._in_force.number,
            bounds=self._roots.current.bounds,
            overrides=session.settings,
            banned=session.banned,
            ip_filter=config.ip_filter.file is not None,
            log=self._log_levels.number(LIBTORRENT) <= logging.DEBUG,
            groups=limits_by_key(session),
        )


class SettingsEditor:
    """Makes clients' changes of libtorrent's settings durable, and has the engine apply them.

    Args:
        locks: locks of torrents, by id, and of the session.
        publish: publishes a lifecycle event.
    """

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        reads: Reads,
        engine: Engine,
        locks: KeyedLocks,
        publish: Callable[[LifecycleEvent], int],
    ) -> None:
        self._catalogue = catalogue
        self._reads = reads
        self._engine = engine
        self._locks = locks
        self._publish = publish

    @handles(UpdateSettings)
    async def update_settings(self, command: UpdateSettings, deadline: float) -> Acceptance:
        """Changes all given settings, or none. A change without effect is accepted, and causes no write."""
        await self._check(command.settings, deadline)
        async with self._locks.hold(SESSION):
            self._catalogue.check_readable(None)
            await self._catalogue.ensure_settled(None)
            before = self._catalogue.session
            given = before.settings | command.settings
            after = {name: value for name, value in given.items() if value is not None}
            changed = sorted(name for name in given if after.get(name) != before.settings.get(name))
            if changed:
                await self._catalogue.put_session(
                    msgspec.structs.replace(before, settings=after, revision=before.revision + 1)
                )
                keys = [f"engine.{name}" for name in changed]
                self._publish(SettingsChanged(changed=keys, overridden=[], restart_needed=[], source="client"))
                self._engine.configure()
            result = SettingList(settings=self._reads.setting_reports(command.settings))
            return Acceptance(result, SESSION, self._catalogue.session.revision)

    async def _check(self, settings: Mapping[str, SettingValue | None], deadline: float) -> None:
        """Validates settings by the engine's list of settings. A client can always reset a setting that clients have
        set.
        """
        own = self._catalogue.session.settings
        checked = {name: value for name, value in settings.items() if value is not None or name not in own}
        if not checked:
            return
        if not self._engine.default_settings:
            await self._until_known(deadline)
        known = self._engine.default_settings
        for name, value in checked.items():
            problem = problem_of_name(name, known) if value is None else problem_of(name, value, known)
            if problem is not None:
                field = f"args.settings.{name}"
                raise OuzelError(ErrorKind.INVALID_SETTING, f"{field}: {problem}; nothing was changed", field=field)

    async def _until_known(self, deadline: float) -> None:
        self._engine.check_expected()
        try:
            async with asyncio.timeout_at(deadline):
                await self._engine.until_ready()
        except TimeoutError as error:
            problem = "no engine has reported libtorrent's settings in time; nothing was accepted"
            raise OuzelError(ErrorKind.ENGINE_UNAVAILABLE, problem, retry_after_ms=1000) from error
