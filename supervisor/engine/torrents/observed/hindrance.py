"""Finds the reason why a torrent makes no progress. Pure.

The reason is derived from the state in the supervisor's memory whenever a row is read.
"""

from typing import Final

from protocol.wire.desired import DesiredTorrent
from protocol.wire.events.torrent_events import Progress
from protocol.wire.rows import Hindrance, HindranceCause, TorrentState
from supervisor.engine.torrents.observed.trackers import Trackers

QUIET_US: Final = 5_000_000
"""If a torrent receives nothing for this time, in microseconds, it is stalled.

If its rate is 0, it is stalled at once.
"""

ON_DISK: Final = frozenset({"storage", "disk_full", "storage_missing", "files_overwritten"})
"""Names of errors of a torrent's files, or of their disk."""

_COMPLETE: Final = frozenset({TorrentState.FINISHED, TorrentState.SEEDING})
_FETCHES: Final = frozenset({TorrentState.DOWNLOADING, TorrentState.FETCHING_METADATA})


def find(
    desired: DesiredTorrent,
    state: TorrentState,
    progress: Progress,
    *,
    trouble: tuple[str | None, str] | None,
    stalled: bool,
    engine_up: bool,
    present: bool,
    trackers: Trackers,
    bad_data: str | None = None,
    stuck: str | None = None,
) -> Hindrance | None:
    """Returns why a torrent makes no progress.

    Returns None if the torrent makes progress, or is complete and has no problem.

    Args:
        state: the torrent's state.
        progress: the torrent's latest progress.
        trouble: the name (if known) and the message of the torrent's error; None without an error.
        stalled: whether nothing has arrived for a while.
        engine_up: whether an engine is ready for commands.
        present: whether the running engine has confirmed the torrent.
        trackers: the trackers of all torrents.
        stuck: a text which says what does not move, and for how long.
        bad_data: a sentence about data that failed its hash check. None if later data has passed the check.
    """
    if desired.quarantine is not None:
        return _because(HindranceCause.QUARANTINED, desired.quarantine.reason)
    if trouble is not None and (state is not TorrentState.QUEUED or trouble[0] in ON_DISK):
        on_disk = state is TorrentState.MISSING_STORAGE or trouble[0] in ON_DISK
        return _because(HindranceCause.DISK if on_disk else HindranceCause.ERROR, trouble[1])
    if state is TorrentState.MISSING_STORAGE:
        return _because(HindranceCause.DISK, "its files are missing")
    if state is TorrentState.ERROR:
        return _because(HindranceCause.ERROR, "it has an error")
    if desired.move is not None:
        return _because(HindranceCause.MOVING, f"its files are being moved to {desired.move.save_path}")
    if desired.paused:
        return _because(HindranceCause.PAUSED, "it was paused")
    if not engine_up:
        return _because(HindranceCause.ENGINE, "no engine is running")
    if not present:
        return _because(HindranceCause.QUEUED, "the engine has not loaded it yet")
    if state in _COMPLETE:
        return _of_complete(desired.torrent, progress, trackers)
    if state in _FETCHES:
        return _of_fetching(desired.torrent, state, progress, trackers, bad_data, stuck) if stalled else None
    if state is TorrentState.CHECKING:
        return None if stuck is None else _because(HindranceCause.STUCK, stuck)
    turn = "the queue" if desired.managed else "the engine"
    return _because(HindranceCause.QUEUED, f"it waits for its turn in {turn}")


def _of_complete(torrent: str, progress: Progress, trackers: Trackers) -> Hindrance | None:
    """The hindrance of a complete torrent.

    Either nothing is selected, or the torrent has no peers and all its trackers fail.
    """
    if progress.bytes_total == 0 and progress.size > 0:
        return _because(HindranceCause.NOTHING_SELECTED, "none of its files is selected")
    if progress.peers == 0 and (problem := trackers.trouble(torrent)) is not None:
        return _because(HindranceCause.TRACKERS_FAILING, f"no peer is connected, and no tracker works: {problem}")
    return None


def _of_fetching(
    torrent: str,
    state: TorrentState,
    progress: Progress,
    trackers: Trackers,
    bad_data: str | None,
    stuck: str | None,
) -> Hindrance | None:
    peers, seeds = progress.peers, progress.seeds
    if 0 < progress.bytes_total <= progress.bytes_done:
        return None  # the last blocks are being written to the disk
    if bad_data is not None:
        left = "no peer is connected" if peers == 0 else f"{peers} peer{'' if peers == 1 else 's'} connected"
        return _because(HindranceCause.BAD_DATA, f"{bad_data}; {left}")
    if peers == 0:
        problem = trackers.trouble(torrent)
        if problem is not None:
            return _because(HindranceCause.TRACKERS_FAILING, f"no peer is connected, and no tracker works: {problem}")
        where = "no peer is connected" if trackers.any(torrent) else "no peer is connected, and it has no tracker"
        return _because(HindranceCause.NO_PEERS, where)
    connected = f"{peers} peer{'' if peers == 1 else 's'} connected"
    if state is TorrentState.FETCHING_METADATA:
        since = "" if stuck is None else f" {stuck}"
        return _because(HindranceCause.NO_METADATA, f"{connected}, and none has sent the torrent's metadata{since}")
    if seeds == 0:
        return _because(HindranceCause.NO_SEEDS, f"{connected}, none of which has everything, and none sends anything")
    return _because(HindranceCause.NO_DATA, f"{connected}, {seeds} of them with everything, and none sends anything")


def _because(cause: HindranceCause, message: str) -> Hindrance:
    return Hindrance(cause=cause, message=message)


def arrives(before: Progress | None, progress: Progress) -> bool:
    """Whether data has arrived between two progress events. Also true if no more data is wanted.

    libtorrent's rate is an average, which takes a minute to fall to 0. So the rate does not show whether data arrives.
    """
    if progress.state in _COMPLETE or progress.state is TorrentState.CHECKING or not lacks(progress):
        return True
    return progress.download_bps > 0 if before is None else progress.downloaded > before.downloaded


def lacks(progress: Progress) -> bool:
    """Whether a torrent still has data to download, including its metadata."""
    return progress.size == 0 or progress.bytes_done < progress.bytes_total
