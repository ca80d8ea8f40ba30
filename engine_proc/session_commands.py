"""Commands that are of the session as a whole, or that only ask: nothing has to be remembered of them."""

from collections.abc import Callable

from engine_proc.readback import tell_limits
from engine_proc.session_port import InvalidSetting, InvalidSource, LibtSession, UnknownTorrent
from protocol.events import Reconciled
from protocol.link import (
    Configure,
    EngineEvent,
    FilesQueried,
    InspectSource,
    QueryFiles,
    SettingsApplied,
    SettingsRefused,
    SourceInspected,
)


class SessionCommands:
    """One session's; `emit` takes what the supervisor is to hear."""

    def __init__(self, session: LibtSession, emit: Callable[[EngineEvent], None]) -> None:
        self._session = session
        self._emit = emit

    def configure(self, command: Configure) -> None:
        """Applies session settings and reads the limits back."""
        try:
            self._session.configure(command.settings, download_bps=command.download_bps, upload_bps=command.upload_bps)
        except InvalidSetting as error:
            self._emit(SettingsRefused(setting=error.setting, message=str(error), config=command.config))
            return
        self.confirm_settings(command)

    def confirm_settings(self, command: Configure) -> None:
        """Says what libtorrent's session limits are now, and that this revision and configuration are in force."""
        wanted = (command.download_bps, command.upload_bps)
        tell_limits(self._emit, None, wanted, self._session.session_limits())
        self._emit(SettingsApplied(revision=command.revision, config=command.config))

    def inspect(self, command: InspectSource) -> None:
        """Judges a source."""
        try:
            info = self._session.inspect(magnet=command.magnet, metainfo=command.metainfo)
        except InvalidSource as error:
            self._emit(SourceInspected(token=command.token, problem=str(error)))
        else:
            self._emit(SourceInspected(token=command.token, torrent=info.torrent, name=info.name))

    def query_files(self, command: QueryFiles) -> None:
        """Answers with bytes done by file."""
        try:
            done = self._session.file_progress(command.torrent)
        except UnknownTorrent:
            done = None
        self._emit(FilesQueried(token=command.token, bytes_done=done or None))

    def census(self) -> None:
        """Removes torrents that the session has and nobody asked for."""
        count = self._session.strangers()
        if count:
            self._emit(Reconciled(what=f"the session had {count} torrents that nobody asked for", done="removed"))
