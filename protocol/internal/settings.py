"""Validates libtorrent's settings, and hides secret values. Pure.

The supervisor validates the values of clients. The engine validates the values of the configuration. libtorrent itself
validates nothing. It truncates numbers to 32 bits, replaces some values silently, and hangs with others.
"""

import re
from collections.abc import Mapping
from typing import Final

from protocol.internal.nearest import did_you_mean
from protocol.wire.desired import SettingValue

INT32_MAX: Final = 2**31 - 1

HIDDEN: Final = "(hidden)"
"""What replies show in place of a secret."""

SECRET: Final = frozenset({"proxy_password"})
"""Settings with secret values. Replies and logs never show the values."""

_LIMITS: Final = "is set by the session's limits: update_limits, or [limits] in the configuration"
_ALERTS: Final = "is set by Ouzel itself, which depends on libtorrent's alerts"
OWNED: Final[Mapping[str, str]] = {
    "alert_mask": _ALERTS,
    "alert_queue_size": _ALERTS,
    "disable_hash_checks": "is never set by Ouzel, since data that was not hashed would count as complete",
    "download_rate_limit": _LIMITS,
    "ssl_listen": "is obsolete, and libtorrent would change listen_interfaces: add an s to a port there",
    "upload_rate_limit": _LIMITS,
}
"""Settings that neither clients nor the configuration can set, and why."""

_PORT: Final = (0, 65_535)
_THREADS: Final = (0, 256)
_RANGES: Final[Mapping[str, tuple[int, int]]] = {
    "aio_threads": _THREADS,
    "allowed_enc_level": (1, 3),
    "announce_port": _PORT,
    "choking_algorithm": (0, 2),
    "connection_speed": (0, INT32_MAX),
    "connections_limit": (1, INT32_MAX),
    "dht_upload_rate_limit": (0, INT32_MAX // 3),
    "disk_io_read_mode": (0, 3),
    "disk_io_write_mode": (0, 3),
    "disk_write_mode": (0, 2),
    "file_pool_size": (1, INT32_MAX),
    "hashing_threads": _THREADS,
    "i2p_port": _PORT,
    "in_enc_policy": (0, 2),
    "local_download_rate_limit": (0, INT32_MAX),
    "local_upload_rate_limit": (0, INT32_MAX),
    "mixed_mode_algorithm": (0, 1),
    "num_outgoing_ports": _PORT,
    "out_enc_policy": (0, 2),
    "outgoing_port": _PORT,
    "peer_dscp": (0, 63),
    "proxy_port": _PORT,
    "proxy_type": (0, 6),
    "seed_choking_algorithm": (0, 2),
    "suggest_mode": (0, 1),
    "tick_interval": (1, INT32_MAX),
}
"""The smallest and largest value of settings with a restricted range. All other settings allow every 32-bit number.

libtorrent replaces most other values. It hangs with a negative `file_pool_size`. It keeps a core busy with a
`tick_interval` of 0.
"""

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_KINDS: Final[Mapping[type, str]] = {bool: "true or false", int: "a whole number", str: "a text"}


def range_of(name: str) -> tuple[int, int]:
    """The smallest and the largest value of a numeric setting."""
    return _RANGES.get(name, (-INT32_MAX - 1, INT32_MAX))


def problem_of(name: str, value: SettingValue, known: Mapping[str, SettingValue]) -> str | None:
    """Says why a setting cannot have a value; None if it can.

    A value that is a text may be a secret, so the result never shows it.

    Args:
        known: the default of every setting of this libtorrent version. The default determines a setting's type.
    """
    if (problem := problem_of_name(name, known)) is not None:
        return problem
    kind = type(known[name])
    if type(value) is not kind:
        return f"wants {_KINDS[kind]} (type {kind.__name__}), not one of type {type(value).__name__}"
    if isinstance(value, str) and _CONTROL.search(value):
        return "has a control character, which would end up in requests to trackers and peers"
    if name in SECRET and value == HIDDEN:
        return f"is {HIDDEN!r}, which only stands for the value in replies"
    least, most = range_of(name)
    if kind is int and isinstance(value, int) and not least <= value <= most:
        width = " (it does not fit into 32 bits)" if not -INT32_MAX - 1 <= value <= INT32_MAX else ""
        return f"{value} is out of range{width}: {least} to {most}"
    return None


def problem_of_name(name: str, known: Mapping[str, SettingValue]) -> str | None:
    """Says why a setting does not exist or cannot be set; None if it can be set."""
    if name in OWNED:
        return OWNED[name]
    if name not in known:
        return f"libtorrent has no such setting{did_you_mean(name, known)}"
    return None


def shown(name: str, value: SettingValue) -> SettingValue:
    """A setting's value as replies and logs may show it."""
    return HIDDEN if value and name in SECRET else value
