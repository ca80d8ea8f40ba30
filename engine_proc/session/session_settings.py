"""Ouzel's defaults, which override libtorrent's, and the settings to apply."""

from collections.abc import Iterable, Mapping
from typing import Final

from engine_proc.session.session_port import InvalidSetting
from protocol.internal.settings import OWNED, problem_of
from protocol.wire.desired import SettingValue

DEFAULTS: Final[Mapping[str, SettingValue]] = {
    "enable_outgoing_utp": False,
    "min_reconnect_time": 10,
    "max_queued_disk_bytes": 4 * 1024 * 1024,
    "connections_limit": 1000,
    "file_pool_size": 256,
    "active_downloads": -1,
    "active_seeds": -1,
    "active_checking": 2,
    "active_limit": -1,
    "auto_manage_startup": 5,
    "apply_ip_filter_to_trackers": False,
}
"""Settings that suit a service better than libtorrent's defaults do. docs/adr/006 has the reasons."""

NORMALIZED: Final = frozenset({"listen_interfaces"})
"""Settings that are not compared, because libtorrent stores them without spaces and invalid entries.

`SessionStats` reports whether the session listens on the configured addresses.
"""

ALERT_QUEUE_MIN: Final = 1_000_000
"""The minimum size of the alert queue. The queue uses memory only for queued alerts.

libtorrent sends an alert for each checked file, and a torrent may have 100,000 files.
"""
ALERTS_PER_TORRENT: Final = 12
"""The queue has space for this number of alerts per torrent.

During a restore of thousands of torrents, several alerts per torrent are queued.
"""


def checked(
    wanted: Mapping[str, SettingValue],
    known: Mapping[str, SettingValue],
    *,
    torrents: int,
    before: Iterable[str] = (),
) -> dict[str, SettingValue]:
    """The settings to apply: Ouzel's defaults, the values in `wanted`, and the size of the alert queue.

    Args:
        wanted: the settings that were set, by libtorrent's names.
        known: libtorrent's defaults, which determine each setting's type.
        torrents: the expected number of torrents.
        before: the settings that were set before. Settings that are no longer in `wanted` return to libtorrent's
            defaults.

    Raises:
        InvalidSetting: a setting is unknown, owned by Ouzel, of the wrong type, or out of range.
    """
    for name, problem in problems(wanted, known).items():
        raise InvalidSetting(name, problem)
    return {
        **{name: known[name] for name in before},
        **DEFAULTS,
        **wanted,
        "alert_queue_size": max(ALERT_QUEUE_MIN, ALERTS_PER_TORRENT * torrents),
    }


def problems(wanted: Mapping[str, SettingValue], known: Mapping[str, SettingValue]) -> dict[str, str]:
    """The problems of invalid settings, by name."""
    found = {name: problem_of(name, value, known) for name, value in wanted.items()}
    return {name: problem for name, problem in found.items() if problem is not None}


def merged(
    configured: Mapping[str, SettingValue],
    overrides: Mapping[str, SettingValue],
    known: Mapping[str, SettingValue],
) -> tuple[dict[str, SettingValue], dict[str, str]]:
    """The configured settings with the overrides of clients, and the problems of invalid overrides by name.

    Invalid overrides are left out. Clients set them under another libtorrent version.

    Raises:
        InvalidSetting: a configured setting is invalid, even if it is overridden.
    """
    for name, problem in problems(configured, known).items():
        raise InvalidSetting(name, problem)
    invalid = problems(overrides, known)
    return {**configured, **{name: value for name, value in overrides.items() if name not in invalid}}, invalid


def defaults(known: Mapping[str, SettingValue]) -> dict[str, SettingValue]:
    """Ouzel's default of every setting that can be set."""
    return {name: DEFAULTS.get(name, value) for name, value in known.items() if name not in OWNED}


def differences(
    wanted: Mapping[str, SettingValue], found: Mapping[str, SettingValue], *, but: Iterable[str] = ()
) -> dict[str, str]:
    """The settings that do not have the wanted values, each with a text. Values that are texts are hidden, because they
    may be secrets.

    Args:
        found: the session's settings.
        but: settings that are not compared.
    """
    excused = NORMALIZED.union(but)
    return {
        name: "libtorrent has another value" if isinstance(value, str) else f"libtorrent has {found.get(name)}"
        for name, value in wanted.items()
        if name not in excused and found.get(name) != value
    }
