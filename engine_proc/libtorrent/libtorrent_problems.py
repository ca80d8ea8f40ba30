"""What libtorrent, the system and trackers say of failures, as text and numbers."""

from collections.abc import Callable
from typing import Any, Final

import libtorrent

from engine_proc.session.alerts import Alert, TrackerFailed
from engine_proc.trackers.announce_entries import TRACKER_SAYS_MAX, leg

lt: Any = libtorrent
"""Untyped: the binding's stubs do not know what alerts carry."""

_VERSIONS: Final = {lt.protocol_version.V1: 1, lt.protocol_version.V2: 2}
_SKIPPED: Final = 180
"""`announce_skipped`: the tracker has no address that can be reached from the one that is listened on."""


def text(read: Callable[[], str]) -> str:
    """A text of libtorrent's, which cuts long ones to a few hundred bytes, in the middle of a character too."""
    try:
        return read()
    except UnicodeDecodeError as error:
        return error.object.decode(errors="replace")


def errno_of(error: Any) -> int:
    """The system's number of an error, 0 for libtorrent's own errors, whose numbers mean something else."""
    return int(error.value()) if error.category().name() in ("system", "generic") else 0


def trouble(native: Any) -> str:
    """What is wrong, without the torrent's name before it."""
    message = text(native.message)
    return message.partition("ERROR: ")[2] or message


def leg_of(native: Any) -> str:
    """Where an announce goes out from, and for which kind of info-hash."""
    address, port = native.local_endpoint
    return leg(address, port, _VERSIONS[native.version])


def tracker_failed(torrent: str, native: Any) -> Alert:
    """The tracker's own words, which are in no encoding in particular, or else what the system or libtorrent says."""
    said = text(native.failure_reason).strip()
    problem = text(native.error.message)
    return TrackerFailed(
        torrent,
        native.url,
        leg_of(native),
        (said or problem)[:TRACKER_SAYS_MAX],
        native.times_in_row,
        bool(said),
        native.error.value() == _SKIPPED and not errno_of(native.error),
    )
