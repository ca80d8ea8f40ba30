"""The preferences of rates, the BitTorrent protocol, the queue and seeding goals. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from gateway.qbittorrent.preferences.row import Change, Row, Value, View, choice, fixed, setting

_ENABLED: Final = ("enable_incoming_tcp", "enable_outgoing_tcp", "enable_incoming_utp", "enable_outgoing_utp")
DEFAULT_ALTERNATIVE_BPS: Final = 10 * 1024
_ACTIONS: Final = ("pause", "remove", "super_seed", "remove_files")
"""Ouzel's action for each number of `max_ratio_act`."""

KIB: Final = 1024
INACTIVE_MIN_S: Final = 1


def _limit(key: str, name: str) -> Row:
    """A preference that is a rate limit of the session, in bytes per second."""

    def write(wanted: Mapping[str, Value], change: Change) -> None:
        change.limits[name] = max(0, wanted[key])

    return Row(key, lambda view: 0 if view.limits is None else getattr(view.limits, name), write)


def _alternative(key: str, name: str) -> Row:
    """A preference that is an alternative rate limit of the session, in bytes per second."""

    def read(view: View) -> Value:
        alternative = None if view.limits is None else view.limits.alternative
        return DEFAULT_ALTERNATIVE_BPS if alternative is None else getattr(alternative, name)

    def write(wanted: Mapping[str, Value], change: Change) -> None:
        change.alternative |= {
            "alternative_download_bps": max(0, wanted["alt_dl_limit"]),
            "alternative_upload_bps": max(0, wanted["alt_up_limit"]),
        }

    return Row(key, read, write)


def _protocol(view: View) -> Value:
    tcp = any(view.settings.get(name, True) for name in _ENABLED[:2])
    utp = any(view.settings.get(name, True) for name in _ENABLED[2:])
    return 2 if utp and not tcp else 1 if tcp and not utp else 0


def _write_protocol(wanted: Mapping[str, Value], change: Change) -> None:
    tcp, utp = {1: (None, False), 2: (False, True)}.get(wanted["bittorrent_protocol"], (None, None))
    change.settings |= dict(zip(_ENABLED, (tcp, tcp, utp, utp), strict=True))


def _write_encryption(wanted: Mapping[str, Value], change: Change) -> None:
    policy = {1: 0, 2: 2}.get(wanted["encryption"], 1)
    change.settings |= {"in_enc_policy": policy, "out_enc_policy": policy}


def _goal(prefix: str, name: str, unit_s: int, least: int) -> tuple[Row, Row]:
    """The two preferences of a global seeding goal: whether the goal is set, and its value.

    Args:
        prefix: the preference of the value.
        name: the goal in `update_goals`.
        unit_s: the unit of the preference in seconds; 0 for a ratio.
        least: the smallest value of the goal.
    """
    switch = f"{prefix}_enabled"

    def value(view: View) -> Any:
        return None if view.goals is None else getattr(view.goals, name).value

    def read(view: View) -> Value:
        goal = value(view)
        return -1 if goal is None else goal // unit_s if unit_s else goal

    def write(wanted: Mapping[str, Value], change: Change) -> None:
        goal = wanted[prefix]
        off = not wanted[switch] or goal < 0
        change.goals[name] = "none" if off else max(least, goal * unit_s if unit_s else goal)

    return Row(switch, lambda view: value(view) is not None, write), Row(prefix, read, write)


def _write_action(wanted: Mapping[str, Value], change: Change) -> None:
    number = wanted["max_ratio_act"]
    change.goals["action"] = _ACTIONS[number if 0 <= number < len(_ACTIONS) else 0]


def _write_queueing(wanted: Mapping[str, Value], change: Change) -> None:
    change.queueing = wanted["queueing_enabled"]


SPEED: Final = (
    _limit("dl_limit", "download_bps"),
    _limit("up_limit", "upload_bps"),
    _alternative("alt_dl_limit", "download_bps"),
    _alternative("alt_up_limit", "upload_bps"),
    Row("bittorrent_protocol", _protocol, _write_protocol),
    fixed("limit_utp_rate", True),
    setting("limit_tcp_overhead", "rate_limit_ip_overhead", False),
    fixed("limit_lan_peers", True),
    setting("utp_tcp_mixed_mode", "mixed_mode_algorithm", 0),
)
"""The preferences of rates and of the transport protocol."""

PRIVACY: Final = (
    setting("dht", "enable_dht", True),
    setting("dht_bootstrap_nodes", "dht_bootstrap_nodes", ""),
    fixed("pex", True),
    setting("lsd", "enable_lsd", True),
    Row(
        "encryption",
        lambda view: {0: 1, 2: 2}.get(int(view.settings.get("out_enc_policy", 1)), 0),
        _write_encryption,
    ),
    setting("anonymous_mode", "anonymous_mode", False),
)
"""The preferences of the DHT, local peer discovery, and encryption."""

QUEUE: Final = (
    Row("queueing_enabled", lambda view: view.queueing, _write_queueing),
    setting("max_active_checking_torrents", "active_checking", 1),
    setting("max_active_downloads", "active_downloads", 3),
    setting("max_active_torrents", "active_limit", 5),
    setting("max_active_uploads", "active_seeds", 3),
    setting("dont_count_slow_torrents", "dont_count_slow_torrents", False),
    setting("slow_torrent_dl_rate_threshold", "inactive_down_rate", 2, unit=KIB),
    setting("slow_torrent_ul_rate_threshold", "inactive_up_rate", 2, unit=KIB),
    setting("slow_torrent_inactive_timer", "auto_manage_startup", 60),
)
"""The preferences of the queue."""

GOALS: Final = (
    *_goal("max_ratio", "ratio", 0, 0),
    *_goal("max_seeding_time", "seeding_time_s", 60, 0),
    *_goal("max_inactive_seeding_time", "inactive_time_s", 60, INACTIVE_MIN_S),
    Row(
        "max_ratio_act",
        lambda view: 0 if view.goals is None else _ACTIONS.index(view.goals.action.value),
        _write_action,
    ),
)
"""The preferences of the global seeding goals."""

MEMORY: Final = (
    setting("checking_memory_use", "checking_mem_usage", 32, unit=64),
    choice("disk_io_read_mode", "disk_io_read_mode", (2, 0), 1),
    choice("disk_io_write_mode", "disk_io_write_mode", (2, 0, 3), 1),
)
"""The preferences of memory and caches. libtorrent's unit of memory for checking is a block of 16 KiB."""
