"""The names of states, and the filters of the list. Pure."""

from collections.abc import Callable, Mapping
from typing import Final

from gateway.mirror.torrent import Torrent
from gateway.qbittorrent.rows.row import Row
from protocol.wire.rows import COMPLETE_STATES, HindranceCause, TorrentRow, TorrentState

FIXED: Final[Mapping[TorrentState, str]] = {
    TorrentState.ERROR: "error",
    TorrentState.QUARANTINED: "error",
    TorrentState.MISSING_STORAGE: "missingFiles",
}
"""The names of the states that depend only on Ouzel's state."""
UNFINISHED: Final[Mapping[TorrentState, str]] = {
    TorrentState.CHECKING: "checkingDL",
    TorrentState.FETCHING_METADATA: "metaDL",
    TorrentState.PAUSED: "queuedDL",
    TorrentState.QUEUED: "queuedDL",
}
FINISHED: Final[Mapping[TorrentState, str]] = {
    TorrentState.CHECKING: "checkingUP",
    TorrentState.FETCHING_METADATA: "metaDL",
    TorrentState.PAUSED: "queuedUP",
    TorrentState.QUEUED: "queuedUP",
}
DOWNLOADING: Final = frozenset(
    {"downloading", "metaDL", "forcedMetaDL", "stalledDL", "checkingDL", "stoppedDL", "queuedDL", "forcedDL"}
)
UPLOADING: Final = frozenset({"uploading", "stalledUP", "checkingUP", "queuedUP", "forcedUP"})
STOPPED: Final = frozenset({"stoppedDL", "stoppedUP"})
ACTIVE: Final = frozenset({"downloading", "metaDL", "forcedMetaDL", "forcedDL", "uploading", "forcedUP", "moving"})

FILTERS: Final[Mapping[str, Callable[[Row], bool]]] = {
    "downloading": lambda row: row.state in DOWNLOADING,
    "seeding": lambda row: row.state in UPLOADING,
    "completed": lambda row: row.state in UPLOADING or row.state == "stoppedUP",
    "stopped": lambda row: row.state in STOPPED,
    "running": lambda row: row.state not in STOPPED,
    "active": lambda row: is_active(row),
    "inactive": lambda row: not is_active(row),
    "stalled": lambda row: row.state in ("stalledDL", "stalledUP"),
    "stalled_uploading": lambda row: row.state == "stalledUP",
    "stalled_downloading": lambda row: row.state == "stalledDL",
    "checking": lambda row: row.state in ("checkingDL", "checkingUP", "checkingResumeData"),
    "moving": lambda row: row.state == "moving",
    "errored": lambda row: row.state in ("error", "missingFiles"),
    "paused": lambda row: row.state in STOPPED,
    "resumed": lambda row: row.state not in STOPPED,
}
"""The filters by name. Every torrent passes an unknown filter. The last two names are from version 4."""


def state_of(torrent: Torrent) -> str:
    """Returns qBittorrent's name for the state of a torrent.

    When a client stops or starts a torrent, the state changes at once, before an engine has changed the torrent.
    """
    row, forced = torrent.row, torrent.facts.options.force_start
    if row.moving is not None:
        return "moving"
    if (fixed := FIXED.get(row.state)) is not None:
        return fixed
    finished = is_finished(row)
    if row.paused and row.state is not TorrentState.CHECKING:
        return "stoppedUP" if finished else "stoppedDL"
    if row.state is TorrentState.PAUSED and _held(row):
        return "error"
    if row.state is TorrentState.FETCHING_METADATA and forced:
        return "forcedMetaDL"
    if (waiting := (FINISHED if finished else UNFINISHED).get(row.state)) is not None:
        return waiting
    if forced:
        return "forcedUP" if finished else "forcedDL"
    if finished:
        return "uploading" if row.upload_bps > 0 else "stalledUP"
    return "downloading" if row.download_bps > 0 else "stalledDL"


def _held(row: TorrentRow) -> bool:
    """Whether a torrent waits for space on a full disk. qBittorrent stops it with an error."""
    return row.error is not None or (row.hindrance is not None and row.hindrance.cause is HindranceCause.DISK)


def is_finished(row: TorrentRow) -> bool:
    """Whether all selected files are complete, or were complete before a check."""
    if row.state in COMPLETE_STATES:
        return True
    if row.state is TorrentState.CHECKING:
        return row.completed_us is not None
    return row.bytes_done >= row.bytes_total > 0


def is_active(row: Row) -> bool:
    """Whether a torrent transfers data, or will transfer data soon."""
    return row.state in ACTIVE or (row.state == "stalledDL" and row.upspeed > 0)
