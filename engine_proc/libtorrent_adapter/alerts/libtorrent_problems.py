"""Error messages and numbers of libtorrent, the operating system and trackers."""

from collections.abc import Callable
from typing import Any, Final

import libtorrent

from engine_proc.session.alerts import (
    Alert,
    FileError,
    Listening,
    MetadataFailed,
    ResumeRejected,
    TorrentTrouble,
    TrackerFailed,
)
from engine_proc.trackers.announce_entries import TRACKER_SAYS_MAX, leg

lt: Any = libtorrent
"""Untyped: the binding's type stubs lack the attributes of alerts."""

_VERSIONS: Final = {lt.protocol_version.V1: 1, lt.protocol_version.V2: 2}
_SKIPPED: Final = 180
"""`announce_skipped`: no address of the tracker is reachable from the local address."""


def text(read: Callable[[], str]) -> str:
    """Reads a text of libtorrent. libtorrent cuts long texts to a few hundred bytes, possibly within a character."""
    try:
        return read()
    except UnicodeDecodeError as error:
        return error.object.decode(errors="replace")


def errno_of(error: Any) -> int:
    """The errno of an error; 0 for libtorrent's own errors."""
    return int(error.value()) if error.category().name() in ("system", "generic") else 0


def stopped(torrent: str, native: Any) -> TorrentTrouble:
    """Copies a `torrent_error_alert`. Leaves out the torrent's name at the beginning of the message."""
    message = text(native.message)
    return TorrentTrouble(torrent, message.partition("ERROR: ")[2] or message)


def metadata_failed(torrent: str, native: Any) -> MetadataFailed:
    """Copies a `metadata_failed_alert`."""
    return MetadataFailed(torrent, text(native.error.message))


def resume_rejected(torrent: str, native: Any) -> ResumeRejected:
    """Copies a `fastresume_rejected_alert`."""
    return ResumeRejected(torrent, f"{native.error.message()}: {text(native.file_path)}")


def file_failed(torrent: str, native: Any) -> FileError:
    """Copies a `file_error_alert`. Leaves out the torrent's name at the beginning of the message."""
    return FileError(torrent, errno_of(native.error), text(native.message).partition(" ")[2])


def leg_of(native: Any) -> str:
    """The local endpoint of an announce, and the version of the info-hash."""
    address, port = native.local_endpoint
    return leg(address, port, _VERSIONS[native.version])


def listening(native: Any) -> Listening:
    """Copies a `listen_succeeded_alert`."""
    return Listening(f"{native.socket_type.name} {native.address}", native.port)


def tracker_failed(torrent: str, native: Any) -> Alert:
    """A `TrackerFailed` with the tracker's message, in any encoding.

    If the tracker has sent no message, uses the message of the system or of libtorrent.
    """
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
