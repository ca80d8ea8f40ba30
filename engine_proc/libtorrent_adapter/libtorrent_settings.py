"""The settings of a libtorrent session, checked against the settings of this libtorrent version."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import libtorrent

from engine_proc.session import session_settings
from protocol.wire.desired import SettingValue

lt: Any = libtorrent
"""Untyped: the binding's type stubs lack some settings."""

_EMPTY: Final = (
    "announce_ip",
    "handshake_client_version",
    "i2p_hostname",
    "mmap_cache",
    "natpmp_gateway",
    "outgoing_interfaces",
    "proxy_hostname",
    "proxy_password",
    "proxy_username",
)
"""The settings that `default_settings()` lacks, because they are empty by default."""


def known_settings() -> dict[str, SettingValue]:
    """libtorrent's default of every setting of this version."""
    return {**dict.fromkeys(_EMPTY, ""), **lt.default_settings()}


def check_settings(
    wanted: Mapping[str, SettingValue], torrents: int, before: Iterable[str] = ()
) -> dict[str, SettingValue]:
    """Calls `session_settings.checked` with the settings of this libtorrent version. Raises InvalidSetting."""
    return session_settings.checked(wanted, known_settings(), torrents=torrents, before=before)


def problems_of_settings(wanted: Mapping[str, SettingValue]) -> dict[str, str]:
    """Calls `session_settings.problems` with the settings of this libtorrent version."""
    return session_settings.problems(wanted, known_settings())


class Settings:
    """Checks and stores the configured settings of a session.

    Args:
        torrents: the expected number of torrents, which determines the size of the alert queue.

    Fields:
        close_redundant: the configured value. Ouzel changes this setting temporarily.
        max_failcount: the configured value. Ouzel changes this setting temporarily.
    """

    def __init__(self, torrents: int) -> None:
        self._torrents = torrents
        self._wanted: Mapping[str, SettingValue] = {}
        self._named: set[str] = set()
        self.close_redundant: SettingValue = True
        self.max_failcount: SettingValue = 0

    def take(self, wanted: Mapping[str, SettingValue]) -> dict[str, SettingValue]:
        """Stores the configured settings.

        Returns the settings to apply. If a setting is no longer configured, its default is included.

        Raises:
            InvalidSetting: nothing was changed.
        """
        self._wanted = checked = check_settings(wanted, self._torrents, self._named)
        self._named = set(wanted)
        self.close_redundant = checked.get("close_redundant_connections", True)
        self.max_failcount = checked.get("max_failcount", lt.default_settings()["max_failcount"])
        return dict(checked)

    def stale(self, found: Mapping[str, SettingValue], *, but: Iterable[str]) -> dict[str, str]:
        """Calls `session_settings.differences` with the applied settings and the session's settings (`found`)."""
        return session_settings.differences(self._wanted, found, but=but)
