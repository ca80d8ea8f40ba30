"""The table of the preferences. Pure."""

import re
from collections.abc import Callable
from typing import Any, Final

from gateway.transmission.arguments import Arguments, clamped, flag, integer, text
from gateway.transmission.failure import Code, Failure
from gateway.transmission.session.alternative import ALTERNATIVE
from gateway.transmission.session.preference import KB, Preference, constant
from gateway.transmission.session.seeding import SEEDING
from gateway.transmission.session.state import Change, State
from gateway.transmission.torrents.tracker_edits import parsed
from protocol.wire.desired import LIMIT_MAX_BPS

PEER_LIMIT: Final = 50
"""The default of Transmission. Until a client sets the preference, added torrents get no limit."""
VERSION: Final = "4.0.6 (ouzel)"
UNITS: Final = {
    "speed-units": ["kB/s", "MB/s", "GB/s", "TB/s"],
    "speed-bytes": 1000,
    "size-units": ["kB", "MB", "GB", "TB"],
    "size-bytes": 1000,
    "memory-units": ["KiB", "MiB", "GiB", "TiB"],
    "memory-bytes": 1024,
}
_ENCRYPTION: Final = {"required": (0, 0), "preferred": (1, 1), "tolerated": (1, 2), "allowed": (1, 2)}
"""The policies for incoming and outgoing connections in libtorrent: 0 forced, 1 enabled, 2 disabled."""
_QUEUES: Final = ("active_downloads", "active_seeds")
_PORT = re.compile(r":(\d+)(?=[a-z]*(?:,|$))")


def _flag_setting(*names: str) -> Preference:
    def write(change: Change, arguments: Arguments, name: str) -> None:
        value = flag(arguments, name)
        if value is not None:
            change.settings.update(dict.fromkeys(names, value))

    return Preference(lambda state: any(bool(state.settings.get(name, True)) for name in names), write)


def _count_setting(name: str, default: int) -> Preference:
    def write(change: Change, arguments: Arguments, argument: str) -> None:
        value = integer(arguments, argument)
        if value is not None:
            change.settings[name] = clamped(value, 1)

    return Preference(lambda state: _integer(state.settings.get(name), default), write)


def _stored(name: str, default: Any, convert: Callable[[Arguments, str], Any]) -> Preference:
    """A preference that only the gateway stores. The preference applies to torrents that are added by this face."""

    def write(change: Change, arguments: Arguments, argument: str) -> None:
        value = convert(arguments, argument)
        if value is not None:
            change.stored[name] = value

    return Preference(lambda state: state.stored(name, default), write)


def _integer(value: Any, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def _bps(state: State, direction: str) -> int:
    limits = state.limits
    if limits is None:
        return 0
    return limits.download_bps if direction == "download" else limits.upload_bps


def _limit(direction: str, name: str) -> Preference:
    """The value of a limit. While the limit is off, only the gateway stores the value."""

    def read(state: State) -> int:
        return _bps(state, direction) // KB or state.stored(name, 100)

    def write(change: Change, arguments: Arguments, argument: str) -> None:
        value = integer(arguments, argument)
        if value is not None:
            change.stored[name] = clamped(value)
            enabled = flag(arguments, f"{argument}-enabled")
            if enabled or (enabled is None and _bps(change.state, direction)):
                change.limits[f"{direction}_bps"] = clamped(value * KB, 1, LIMIT_MAX_BPS)

    return Preference(read, write)


def _limit_enabled(direction: str, name: str) -> Preference:
    def write(change: Change, arguments: Arguments, argument: str) -> None:
        enabled = flag(arguments, argument)
        if enabled is False:
            change.limits[f"{direction}_bps"] = 0
            if present := _bps(change.state, direction):
                change.stored.setdefault(name, present // KB)
        elif enabled and name not in arguments:
            stored = _bps(change.state, direction) // KB or change.state.stored(name, 100)
            change.limits[f"{direction}_bps"] = clamped(stored * KB, 1, LIMIT_MAX_BPS)

    return Preference(lambda state: _bps(state, direction) > 0, write)


def _read_encryption(state: State) -> str:
    out = state.settings.get("out_enc_policy", 1)
    return "required" if out == 0 else "tolerated" if out == 2 else "preferred"


def _write_encryption(change: Change, arguments: Arguments, name: str) -> None:
    policies = _ENCRYPTION.get(text(arguments, name) or "")
    if policies is not None:
        change.settings["in_enc_policy"], change.settings["out_enc_policy"] = policies


def _read_port(state: State) -> int:
    found = _PORT.search(str(state.settings.get("listen_interfaces", "")))
    configured = int(found.group(1)) if found else 0
    return configured or (0 if state.stats is None else state.stats.session.listen_port)


def _write_port(change: Change, arguments: Arguments, name: str) -> None:
    port = integer(arguments, name)
    if port is not None and port != _read_port(change.state):
        present = str(change.state.settings.get("listen_interfaces") or "0.0.0.0:6881,[::]:6881")
        change.settings["listen_interfaces"] = _PORT.sub(f":{clamped(port, 1, 65535)}", present)


def _write_download_dir(change: Change, arguments: Arguments, name: str) -> None:
    path = text(arguments, name)
    if path is None:
        return
    if not path.startswith("/"):
        raise Failure("download directory path is not absolute", Code.PATH_NOT_ABSOLUTE)
    change.stored[name] = path.rstrip("/") or "/"


def _queue_enabled(setting: str, size: str, default: int) -> Preference:
    """The preference that switches a limit of the queue on or off. In libtorrent, -1 means no limit."""

    def write(change: Change, arguments: Arguments, argument: str) -> None:
        value = flag(arguments, argument)
        if value is not None:
            chosen = integer(arguments, size)
            stored = change.state.stored(size, default) if chosen is None else chosen
            change.settings[setting] = clamped(stored, 1) if value else -1
            others = [each for each in _QUEUES if each != setting]
            if value and not change.state.queueing:
                for each in others:
                    change.settings.setdefault(each, -1)
            change.settings["active_limit"] = -1
            change.queueing = value or _any_limited(change, others)

    return Preference(lambda state: state.queueing and _integer(state.settings.get(setting), -1) >= 0, write)


def _any_limited(change: Change, settings: list[str]) -> bool:
    """Whether one of these limits of the queue is on after the change."""
    if not change.state.queueing:
        return any(isinstance(value := change.settings.get(each), int) and value >= 0 for each in settings)
    return any(_integer(change.settings.get(each, change.state.settings.get(each)), -1) >= 0 for each in settings)


def _queue_size(setting: str, size: str, enabled: str, default: int) -> Preference:
    def read(state: State) -> int:
        present = _integer(state.settings.get(setting), -1)
        return present if present >= 0 else int(state.stored(size, default))

    def write(change: Change, arguments: Arguments, argument: str) -> None:
        value = integer(arguments, argument)
        if value is not None:
            change.stored[size] = clamped(value, 1)
            if enabled not in arguments and _integer(change.state.settings.get(setting), -1) >= 0:
                change.settings[setting] = clamped(value, 1)

    return Preference(read, write)


def _free(state: State) -> int:
    path = state.download_dir
    inside = [root for root in state.roots if path == root.path or path.startswith(root.path.rstrip("/") + "/")]
    free = inside[0].free_bytes if inside else None
    return -1 if free is None else free


def _filter_size(state: State) -> int:
    return 0 if state.stats is None or state.stats.ip_filter is None else state.stats.ip_filter.rules


def _peers(arguments: Arguments, name: str) -> int | None:
    value = integer(arguments, name)
    return None if value is None else clamped(value, 0, 65535)


def _tracker_list(arguments: Arguments, name: str) -> str | None:
    """Reads a list of trackers. Raises Failure for a wrong list, because all later additions would fail."""
    value = text(arguments, name)
    parsed(value or "")
    return value


PREFERENCES: Final[dict[str, Preference]] = {
    **ALTERNATIVE,
    **SEEDING,
    "blocklist-enabled": Preference(lambda state: _filter_size(state) > 0),
    "blocklist-size": Preference(_filter_size),
    "blocklist-url": constant("http://www.example.com/blocklist"),
    "cache-size-mb": constant(4),
    "config-dir": Preference(lambda state: str(state.face.gateway.config.state_dir)),
    "default-trackers": _stored("default-trackers", "", _tracker_list),
    "dht-enabled": _flag_setting("enable_dht"),
    "download-dir": Preference(lambda state: state.download_dir, _write_download_dir),
    "download-dir-free-space": Preference(_free),
    "download-queue-enabled": _queue_enabled("active_downloads", "download-queue-size", 5),
    "download-queue-size": _queue_size("active_downloads", "download-queue-size", "download-queue-enabled", 5),
    "encryption": Preference(_read_encryption, _write_encryption),
    "incomplete-dir": Preference(lambda state: state.download_dir),
    "incomplete-dir-enabled": constant(False),
    "lpd-enabled": _flag_setting("enable_lsd"),
    "peer-limit-global": _count_setting("connections_limit", 200),
    "peer-limit-per-torrent": _stored("peer-limit-per-torrent", PEER_LIMIT, _peers),
    "peer-port": Preference(_read_port, _write_port),
    "peer-port-random-on-start": constant(False),
    "pex-enabled": constant(True),
    "port-forwarding-enabled": _flag_setting("enable_upnp", "enable_natpmp"),
    "queue-stalled-enabled": _flag_setting("dont_count_slow_torrents"),
    "queue-stalled-minutes": constant(30),
    "rename-partial-files": constant(False),
    "rpc-version": Preference(lambda state: 18 if state.face.newest else 17),
    "rpc-version-minimum": constant(14),
    "rpc-version-semver": Preference(lambda state: "6.0.0" if state.face.newest else "5.3.0"),
    "script-torrent-added-enabled": constant(False),
    "script-torrent-added-filename": constant(""),
    "script-torrent-done-enabled": constant(False),
    "script-torrent-done-filename": constant(""),
    "script-torrent-done-seeding-enabled": constant(False),
    "script-torrent-done-seeding-filename": constant(""),
    "seed-queue-enabled": _queue_enabled("active_seeds", "seed-queue-size", 10),
    "seed-queue-size": _queue_size("active_seeds", "seed-queue-size", "seed-queue-enabled", 10),
    "session-id": Preference(lambda state: state.face.session_id),
    "speed-limit-down": _limit("download", "speed-limit-down"),
    "speed-limit-down-enabled": _limit_enabled("download", "speed-limit-down"),
    "speed-limit-up": _limit("upload", "speed-limit-up"),
    "speed-limit-up-enabled": _limit_enabled("upload", "speed-limit-up"),
    "start-added-torrents": _stored("start-added-torrents", True, flag),
    "trash-original-torrent-files": constant(False),
    "units": constant(UNITS),
    "utp-enabled": _flag_setting("enable_incoming_utp", "enable_outgoing_utp"),
    "version": constant(VERSION),
}
