"""Ouzel's defaults, which override libtorrent's, and the validation of settings.

libtorrent silently truncates values to 32 bits, so their range is checked here.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from engine_proc.session.session_port import InvalidSetting, SettingValue
from protocol.internal.nearest import did_you_mean

INT32_MAX: Final = 2**31 - 1

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
"""Settings whose defaults in libtorrent suit a desktop client better than a service; docs/adr/006 has the reasons."""

RESERVED: Final = frozenset({"alert_mask", "alert_queue_size", "download_rate_limit", "upload_rate_limit"})
"""Settings that the engine depends on, or for which the configuration has separate keys."""

ALERT_QUEUE_MIN: Final = 1_000_000
"""The minimum bound of the alert queue, which uses memory only for queued alerts.

libtorrent sends an alert for each checked file, and a torrent may have 100,000 files.
"""
ALERTS_PER_TORRENT: Final = 12
"""The space in the alert queue for each torrent.

During a restore of thousands of torrents, several alerts per torrent are queued before the loop pops them.
"""


def checked(
    wanted: Mapping[str, SettingValue],
    known: Mapping[str, SettingValue],
    *,
    torrents: int,
    before: Iterable[str] = (),
) -> dict[str, SettingValue]:
    """The settings to apply: Ouzel's defaults, overridden by `wanted`, and the size of the alert queue.

    Args:
        wanted: the configured settings, by libtorrent's names.
        known: libtorrent's defaults, which determine each setting's type.
        torrents: the expected number of torrents.
        before: the settings that were configured before; those that are not in `wanted` get libtorrent's defaults.

    Raises:
        InvalidSetting: a setting is unknown, reserved, of the wrong type, or out of range.
    """
    for name, value in wanted.items():
        _check(name, value, known)
    return {
        **{name: known[name] for name in before},
        **DEFAULTS,
        **wanted,
        "alert_queue_size": max(ALERT_QUEUE_MIN, ALERTS_PER_TORRENT * torrents),
    }


def problems(wanted: Mapping[str, SettingValue], known: Mapping[str, SettingValue]) -> dict[str, str]:
    """The problems of invalid settings, by name."""
    found: dict[str, str] = {}
    for name, value in wanted.items():
        try:
            _check(name, value, known)
        except InvalidSetting as error:
            found[name] = str(error)
    return found


def _check(name: str, value: SettingValue, known: Mapping[str, SettingValue]) -> None:
    if name in RESERVED:
        raise InvalidSetting(name, "is set by Ouzel itself; for rate limits see [limits]")
    if name not in known:
        raise InvalidSetting(name, f"libtorrent has no such setting{did_you_mean(name, known)}")
    kind = type(known[name])
    if type(value) is not kind:
        raise InvalidSetting(name, f"wants a value of type {kind.__name__}, not {type(value).__name__}")
    if isinstance(value, int) and not -INT32_MAX - 1 <= value <= INT32_MAX:
        raise InvalidSetting(name, f"{value} does not fit into 32 bits")
