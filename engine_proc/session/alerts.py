"""libtorrent's notifications as frozen values.

A native alert dies at the next pop and crashes whoever still reads it, so the session copies what is needed into one of
these before it hands anything on. Sizes are bytes, rates bytes per second.
"""

import errno
from enum import Enum
from typing import Final

import msgspec

_OUT_OF_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_NOT_ALLOWED: Final = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


class NativeState(Enum):
    """`torrent_status::state_t`."""

    CHECKING_RESUME_DATA = "checking_resume_data"
    CHECKING_FILES = "checking_files"
    DOWNLOADING_METADATA = "downloading_metadata"
    DOWNLOADING = "downloading"
    FINISHED = "finished"
    SEEDING = "seeding"


class _Alert(msgspec.Struct, frozen=True):
    pass


class _TorrentAlert(_Alert, frozen=True):
    torrent: str


class TorrentStatus(_TorrentAlert, frozen=True, kw_only=True):
    """`torrent_status`, the parts that clients see.

    Fields:
        downloaded, uploaded: over the torrent's life. libtorrent adds up what moved once a second, and not any more
            where nobody is connected then: of a torrent that was fetched within a second it never does.
        moved_down, moved_up: payload since the torrent was added, or since it was paused last, at once.
    """

    state: NativeState
    paused: bool
    progress: float
    done: int
    wanted: int
    size: int
    downloaded: int
    uploaded: int
    wasted: int
    download_bps: int
    upload_bps: int
    peers: int
    seeds: int
    error: str | None
    moved_down: int = 0
    moved_up: int = 0
    upload_mode: bool = False
    """libtorrent has stopped downloading because a write failed, and says so nowhere else."""


class StatusUpdate(_Alert, frozen=True):
    """The torrents whose status changed since the last request for it (`state_update_alert`)."""

    rows: list[TorrentStatus]


class TorrentAdded(_TorrentAlert, frozen=True):
    """The session has taken up a torrent, or refused it with a `problem` (`add_torrent_alert`)."""

    problem: str | None


class TorrentGone(_TorrentAlert, frozen=True):
    """The session has let go of a torrent; `problem` where files were not deleted (`torrent_removed_alert`)."""

    problem: str | None


class NativeStateChanged(_TorrentAlert, frozen=True):
    """A torrent has begun to check or to download, or does something else now (`state_changed_alert`)."""

    state: NativeState


class MetadataReceived(_TorrentAlert, frozen=True):
    """The info dictionary came from peers (`metadata_received_alert`)."""


class Conflict(_TorrentAlert, frozen=True):
    """Metadata shows that this torrent and another one are the same one (`torrent_conflict_alert`); both stand still.

    Fields:
        other: the other one; None where that is being removed.
        v1, v2: the info-hashes of the one that both are; None for a version that it is not of.
    """

    other: str | None
    v1: str | None
    v2: str | None


class Finished(_TorrentAlert, frozen=True):
    """All wanted pieces passed the hash check; they may still be in the write cache (`torrent_finished_alert`)."""


class FileFinished(_TorrentAlert, frozen=True):
    """`file_completed_alert`."""

    index: int


class Flushed(_TorrentAlert, frozen=True):
    """What was in the write cache at the call of `flush` has been written (`cache_flushed_alert`)."""


class PrioritiesSet(_TorrentAlert, frozen=True):
    """`file_prio_alert`."""


class ResumeData(_TorrentAlert, frozen=True):
    """Serialised resume data (`save_resume_data_alert`)."""

    blob: bytes


class ResumeUnsaved(_TorrentAlert, frozen=True):
    """No resume data: `problem` says why, None that nothing has changed (`save_resume_data_failed_alert`)."""

    problem: str | None


class ResumeRejected(_TorrentAlert, frozen=True):
    """The resume data does not fit the files; libtorrent hashes them (`fastresume_rejected_alert`)."""

    problem: str


class TorrentTrouble(_TorrentAlert, frozen=True):
    """libtorrent has stopped a torrent for an error (`torrent_error_alert`, `metadata_failed_alert`)."""

    problem: str


class FileError(_TorrentAlert, frozen=True):
    """A file could not be read or written (`file_error_alert`); `errno` is 0 where the system named no number.

    What failed is told for each block, so these come in dozens. Where a write found no space or no permission,
    libtorrent stops downloading and says no more of it; after other errors `TorrentTrouble` follows.
    """

    errno: int
    problem: str

    @property
    def out_of_space(self) -> bool:
        """Whether a write found no space, or no quota."""
        return self.errno in _OUT_OF_SPACE

    @property
    def stops_writing(self) -> bool:
        """Whether libtorrent stops downloading for it; what else fails then, as reading back does, follows from it."""
        return self.out_of_space or self.errno in _NOT_ALLOWED


class TrackerAsked(_TorrentAlert, frozen=True):
    """A tracker is being asked (`tracker_announce_alert`), on one leg: see `tracker_book`."""

    url: str
    leg: str


class TrackerAnswered(_TorrentAlert, frozen=True):
    """A tracker has answered on a leg (`tracker_reply_alert`)."""

    url: str
    leg: str


class TrackerFailed(_TorrentAlert, frozen=True):
    """A tracker has not answered on a leg, or refused (`tracker_error_alert`).

    Fields:
        problem: what it said, or else what went wrong.
        times: how often that leg has failed in a row.
        said: the problem is in the tracker's own words.
        skipped: libtorrent did not ask, since the tracker has no address that it reaches from there.
    """

    url: str
    leg: str
    problem: str
    times: int
    said: bool = False
    skipped: bool = False


class SessionStatistics(_Alert, frozen=True, kw_only=True):
    """Payload totals and peers (`session_stats_alert`)."""

    downloaded: int
    uploaded: int
    peers: int


class ListenTrouble(_Alert, frozen=True):
    """`listen_failed_alert`."""

    problem: str


class Listening(_Alert, frozen=True):
    """`listen_succeeded_alert`: on which port a protocol is listened to at an address."""

    where: str
    port: int


class Selected(_TorrentAlert, frozen=True):
    """It is known which files of a torrent are wanted, after `NotSelected`; or why that will not be known."""

    problem: str | None


class Historied(_TorrentAlert, frozen=True, kw_only=True):
    """What the resume data of a torrent says of its past, after `count_from`; as in `HistoryFound` of the link."""

    downloaded: int
    uploaded: int
    active_s: int
    seeding_s: int
    completed_s: int
    last_activity_s: int


class Faulted(_TorrentAlert, frozen=True):
    """An alert about a torrent could not be read; what it would have said is not known."""

    problem: str


class AlertsLost(_Alert, frozen=True):
    """The alert queue was full and some alerts are gone (`alerts_dropped_alert`)."""


Alert = (
    StatusUpdate
    | TorrentAdded
    | TorrentGone
    | NativeStateChanged
    | MetadataReceived
    | Conflict
    | Finished
    | FileFinished
    | Flushed
    | PrioritiesSet
    | ResumeData
    | ResumeUnsaved
    | ResumeRejected
    | TorrentTrouble
    | FileError
    | TrackerAsked
    | TrackerAnswered
    | TrackerFailed
    | SessionStatistics
    | ListenTrouble
    | Listening
    | Selected
    | Historied
    | Faulted
    | AlertsLost
)
