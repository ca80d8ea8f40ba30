"""Converts the state and the error of a torrent to Transmission's numbers. Pure."""

from enum import IntEnum

from gateway.mirror.torrent import wanted_bytes
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
    TorrentState.CHECKING: int(Status.CHECK),
    TorrentState.FETCHING_METADATA: int(Status.DOWNLOAD),
    TorrentState.DOWNLOADING: int(Status.DOWNLOAD),
    TorrentState.FINISHED: int(Status.SEED),
    TorrentState.SEEDING: int(Status.SEED),
    TorrentState.ERROR: int(Status.STOPPED),
    TorrentState.MISSING_STORAGE: int(Status.STOPPED),
    TorrentState.QUARANTINED: int(Status.STOPPED),
}
_UNREACHABLE = (
    "refused",
    "timed out",
    "unreachable",
    "not found",
    "resolve",
    "no route",
    "reset by peer",
    "end of file",
)
_MESSAGES = {
    TorrentState.ERROR: "The torrent has an error.",
    TorrentState.MISSING_STORAGE: "The torrent's files or their disk are missing.",
    TorrentState.QUARANTINED: "The torrent is in quarantine, because it crashes the engine.",
}


def is_complete(row: TorrentRow) -> bool:
    """Whether all selected files are complete."""
    return row.size > 0 and row.bytes_done >= wanted_bytes(row)


def status_of(row: TorrentRow) -> int:
    """The value of `status`. A torrent with an error is stopped.

    When a client stops or starts a torrent, the value changes at once, before the engine has changed the torrent.
    """
    if row.paused and row.state is not TorrentState.CHECKING:
        return int(Status.STOPPED)
    if row.state in (TorrentState.QUEUED, TorrentState.PAUSED):
        return int(Status.SEED_WAIT if is_complete(row) else Status.DOWNLOAD_WAIT)
    return _STATUS[row.state]


def error_of(row: TorrentRow) -> tuple[int, str]:
    """The values of `error` and `errorString`."""
    if row.error is not None or row.state in _MESSAGES:
        return int(Problem.LOCAL), row.error or _MESSAGES.get(row.state, "")
    hindrance = row.hindrance
    if hindrance is not None:
        if hindrance.cause is HindranceCause.TRACKERS_FAILING and not _unreachable(hindrance.message):
            return int(Problem.TRACKER_ERROR), hindrance.message
        if hindrance.cause is HindranceCause.DISK:
            return int(Problem.LOCAL), hindrance.message
    return int(Problem.NONE), ""


def _unreachable(message: str) -> bool:
    """Whether no tracker has answered. In Transmission, only an error in a tracker's answer is an error."""
    lower = message.lower()
    return any(each in lower for each in _UNREACHABLE)


def seed_ratio_mode(options: TorrentOptions) -> int:
    """Returns 0 for the session's limit, 1 for the torrent's own limit, and 2 for no limit."""
    return _mode(options.ratio_goal)


def seed_idle_mode(options: TorrentOptions) -> int:
    """Returns 0 for the session's limit, 1 for the torrent's own limit, and 2 for no limit."""
    return _mode(options.inactive_time_goal_s)


def _mode(goal: object) -> int:
    if goal == "global":
        return 0
    return 2 if goal is None else 1
