"""What state a torrent is in, in Transmission's numbers. Pure."""

from enum import IntEnum

from ouzel import HindranceCause
from protocol.wire.desired import TorrentOptions
from protocol.wire.rows import TorrentRow, TorrentState


class Status(IntEnum):
    """The values of `status`."""

    STOPPED = 0
    CHECK_WAIT = 1
    CHECK = 2
    DOWNLOAD_WAIT = 3
    DOWNLOAD = 4
    SEED_WAIT = 5
    SEED = 6


class Problem(IntEnum):
    """The values of `error`."""

    NONE = 0
    TRACKER_WARNING = 1
    TRACKER_ERROR = 2
    LOCAL = 3


_STATUS = {
    TorrentState.CHECKING: 2,
    TorrentState.FETCHING_METADATA: 4,
    TorrentState.DOWNLOADING: 4,
    TorrentState.FINISHED: 6,
    TorrentState.SEEDING: 6,
    TorrentState.PAUSED: 0,
    TorrentState.ERROR: 0,
    TorrentState.MISSING_STORAGE: 0,
    TorrentState.QUARANTINED: 0,
}
_MESSAGES = {
    TorrentState.ERROR: "The torrent has an error.",
    TorrentState.MISSING_STORAGE: "The torrent's files or their disk are missing.",
    TorrentState.QUARANTINED: "The torrent is in quarantine, because it crashes the engine.",
}


def is_complete(row: TorrentRow) -> bool:
    """Whether all selected files are complete."""
    return row.size > 0 and row.bytes_done >= row.bytes_total


def status_of(row: TorrentRow) -> int:
    """The value of `status`. A torrent that an error has stopped is stopped."""
    if row.state is TorrentState.QUEUED:
        if row.paused:
            return 0
        return 5 if is_complete(row) else 3
    return _STATUS[row.state]


def error_of(row: TorrentRow) -> tuple[int, str]:
    """The values of `error` and `errorString`."""
    if row.error is not None or row.state in _MESSAGES:
        return 3, row.error or _MESSAGES.get(row.state, "")
    hindrance = row.hindrance
    if hindrance is not None:
        if hindrance.cause is HindranceCause.TRACKERS_FAILING:
            return 2, hindrance.message
        if hindrance.cause is HindranceCause.DISK:
            return 3, hindrance.message
    return 0, ""


def seed_ratio_mode(options: TorrentOptions) -> int:
    """0: the session's limit. 1: the torrent's own. 2: none."""
    return _mode(options.ratio_goal)


def seed_idle_mode(options: TorrentOptions) -> int:
    """0: the session's limit. 1: the torrent's own. 2: none."""
    return _mode(options.inactive_time_goal_s)


def _mode(goal: object) -> int:
    if goal == "global":
        return 0
    return 2 if goal is None else 1
