"""The settings of a libtorrent session, checked against those that this libtorrent has."""

from collections.abc import Iterable, Mapping
from typing import Any

import libtorrent

from engine_proc.session import session_settings
from engine_proc.session.session_port import SettingValue

lt: Any = libtorrent
"""Untyped: the binding's stubs do not know all settings."""


def check_settings(
    wanted: Mapping[str, SettingValue], torrents: int, before: Iterable[str] = ()
) -> dict[str, SettingValue]:
    """`session_settings.checked` against this libtorrent. Raises InvalidSetting."""
    return session_settings.checked(wanted, lt.default_settings(), torrents=torrents, before=before)


def problems_of_settings(wanted: Mapping[str, SettingValue]) -> dict[str, str]:
    """`session_settings.problems` by this libtorrent."""
    return session_settings.problems(wanted, lt.default_settings())


class Settings:
    """What is configured, and what the session has for it.

    Args:
        torrents: how many are expected, to size the alert queue by.

    Fields:
        close_redundant, max_failcount: of the settings that Ouzel changes for a while, what is configured.
    """

    def __init__(self, torrents: int) -> None:
        self._torrents = torrents
        self._named: set[str] = set()
        self.close_redundant: SettingValue = True
        self.max_failcount: SettingValue = 0

    def take(self, wanted: Mapping[str, SettingValue]) -> dict[str, SettingValue]:
        """These are configured now. Returns what to apply; what was named before and is not any more gets its default.

        Raises:
            InvalidSetting: and then nothing has changed.
        """
        checked = check_settings(wanted, self._torrents, self._named)
        self._named = set(wanted)
        self.close_redundant = checked.get("close_redundant_connections", True)
        self.max_failcount = checked.get("max_failcount", lt.default_settings()["max_failcount"])
        return checked
