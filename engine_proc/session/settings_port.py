"""The part of the session port about the settings and limits of the session."""

from collections.abc import Mapping
from typing import Protocol

from protocol.wire.desired import SettingValue


class SettingsPort(Protocol):
    """The calls of a libtorrent session about its settings."""

    def configure(self, settings: Mapping[str, SettingValue], *, download_bps: int, upload_bps: int) -> None:
        """Applies settings and limits. Settings that are no longer configured return to their defaults.

        Raises:
            InvalidSetting: nothing was applied.
        """
        ...

    def stale_settings(self) -> dict[str, str]:
        """Settings with other values than configured, each with a text. Temporary changes are left out."""
        ...

    def session_limits(self) -> tuple[int, int]:
        """Reads back the session's download and upload limit in bytes per second; 0 means no limit."""
        ...
