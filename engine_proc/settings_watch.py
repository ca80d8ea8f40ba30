"""Applies the session's settings, limits and bans. Later compares the settings and limits with libtorrent's."""

from collections.abc import Callable, Mapping
from typing import Final

from engine_proc.session.session_port import InvalidSetting, LibtSession
from engine_proc.session.session_settings import merged
from engine_proc.torrents.readback import report_limits
from protocol.internal.link_commands import Configure
from protocol.internal.link_events import EngineEvent, SettingsApplied, SettingsRefused
from protocol.wire.desired import SettingValue

AGAIN_S: Final = 1.0
"""The interval of comparisons after a change, and while libtorrent has another value."""
CYCLE_S: Final = 60.0
"""The interval of comparisons at all other times."""


class SettingsWatch:
    """Watches the settings of one session. Times are monotonic seconds.

    Args:
        known: libtorrent's default of every setting.
        emit: sends an event to the supervisor.
        clock: returns the time.
    """

    def __init__(
        self,
        session: LibtSession,
        known: Mapping[str, SettingValue],
        emit: Callable[[EngineEvent], None],
        clock: Callable[[], float],
    ) -> None:
        self._session = session
        self._known = known
        self._emit = emit
        self._clock = clock
        self._command: Configure | None = None
        self._set: dict[str, SettingValue] = {}
        self._invalid: Mapping[str, str] = {}
        self._problems: Mapping[str, str] = {}
        self._limits: tuple[int, int] | None = None
        self._due = 0.0

    def configure(self, command: Configure) -> bool:
        """Applies settings, limits and bans. Returns False if libtorrent refuses.

        Reads the settings and limits back.
        """
        try:
            self._apply(command)
        except InvalidSetting as error:
            self._emit(SettingsRefused(setting=error.setting, message=str(error), config=command.config))
            return False
        self.confirm(command)
        return True

    def confirm(self, command: Configure) -> None:
        """Reads back the limits and settings of an applied command. Reports them with the command's revision."""
        now_set, self._invalid = merged(command.settings, command.overrides, self._known)
        changed = {name for name in now_set | self._set if now_set.get(name) != self._set.get(name)}
        self._command, self._set = command, now_set
        self._session.log_messages(command.log)
        self._limits = None
        self._read_limits(command)
        self._problems = self._read_problems()
        refused = [f"{name}: {problem}" for name, problem in self._problems.items() if name in changed]
        self._emit(self._applied(command, "; ".join(refused) or None))
        self._due = self._clock() + AGAIN_S

    def tick(self, now: float) -> None:
        """If a comparison is due, reads the values back, and applies values again that differ.

        Waits for libtorrent, so call it just after libtorrent has answered. If libtorrent hangs, the engine must not
        wait, because the engine has to report the hang.
        """
        command = self._command
        if command is None or now < self._due:
            return
        wanted = command.download_bps, command.upload_bps
        if self._session.stale_settings() or self._session.session_limits() != wanted:
            self._apply(command)
        self._read_limits(command)
        problems = self._read_problems()
        if problems != self._problems:
            self._problems = problems
            self._emit(self._applied(command))
        stale = problems.keys() - self._invalid.keys() or self._limits != wanted
        self._due = now + (AGAIN_S if stale else CYCLE_S)

    def _apply(self, command: Configure) -> None:
        settings, _ = merged(command.settings, command.overrides, self._known)
        self._session.configure(settings, download_bps=command.download_bps, upload_bps=command.upload_bps)
        self._session.ban(command.banned)

    def _read_problems(self) -> dict[str, str]:
        return {**self._invalid, **self._session.stale_settings()}

    def _read_limits(self, command: Configure) -> None:
        """Reports libtorrent's session limits if they have not been reported yet."""
        found = self._session.session_limits()
        if found != self._limits:
            self._limits = found
            report_limits(self._emit, None, (command.download_bps, command.upload_bps), found)

    def _applied(self, command: Configure, refused: str | None = None) -> SettingsApplied:
        return SettingsApplied(
            revision=command.revision, config=command.config, problems=dict(self._problems), refused=refused
        )
