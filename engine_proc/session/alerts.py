"""libtorrent's alerts as frozen values.

libtorrent frees an alert at the next pop. A later read would crash the process. So the session first copies the needed
members into one of these types. Sizes are in bytes. Rates are in bytes per second.
"""

import errno
from enum import Enum
from typing import Final

import msgspec

_OUT_OF_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_NOT_ALLOWED: Final = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


class NativeState(Enum):
    """The states in libtorrent's `torrent_status::state_t`."""

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
    """The parts of libtorrent's `torrent_status` that clients see.

    Fields:
        downloaded: payload bytes since the torrent was added. libtorrent updates the number once a second, while a peer
            is connected. So the number stays 0 if the whole download takes less than a second.
        uploaded: payload bytes since the torrent was added, updated like `downloaded`.
        moved_down: downloaded payload bytes since the last pause, or since the session added the torrent. libtorrent
            updates the number at once.
        moved_up: uploaded payload bytes, counted like `moved_down`.
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
    """Whether libtorrent has stopped downloading because a write failed. No alert reports this stop."""
    queued: bool = False
    """Whether the torrent waits in libtorrent's queue. Then `paused` is False."""
    swarm_seeds: int | None = None
    swarm_leeches: int | None = None
    """The numbers in the swarm, as reported by trackers; None without a report."""
    queue_position: int | None = None
    """The place of an incomplete torrent in libtorrent's queue; None if the torrent is not in the queue."""


class StatusUpdate(_Alert, frozen=True):
    """The torrents whose status has changed since the last request for updates (`state_update_alert`)."""

    rows: list[TorrentStatus]


class TorrentAdded(_TorrentAlert, frozen=True):
    """The session has added a torrent, or has refused the torrent with a `problem` (`add_torrent_alert`)."""

    problem: str | None


class TorrentGone(_TorrentAlert, frozen=True):
    """The session has removed a torrent. `problem` says why files were not deleted (`torrent_removed_alert`)."""

    problem: str | None


class NativeStateChanged(_TorrentAlert, frozen=True):
    """The native state of a torrent has changed (`state_changed_alert`)."""

    state: NativeState


class MetadataReceived(_TorrentAlert, frozen=True):
    """The info dictionary arrived from peers (`metadata_received_alert`)."""


class Conflict(_TorrentAlert, frozen=True):
    """Metadata shows that two torrents are the same (`torrent_conflict_alert`). Both torrents are stopped.

    Fields:
        other: the id of the other torrent; None if that torrent is being removed.
        v1: the v1 info-hash of the torrent; None if it does not exist.
        v2: the v2 info-hash of the torrent; None if it does not exist.
    """

    other: str | None
    v1: str | None
    v2: str | None


class Finished(_TorrentAlert, frozen=True):
    """All wanted pieces passed the hash check (`torrent_finished_alert`). Some may still be in the write cache."""


class FileFinished(_TorrentAlert, frozen=True):
    """All pieces of a file passed the hash check (`file_completed_alert`)."""

    index: int


class Flushed(_TorrentAlert, frozen=True):
    """libtorrent has written all data that was in the write cache at the call of `flush` (`cache_flushed_alert`)."""


class PrioritiesSet(_TorrentAlert, frozen=True):
    """The file priorities are in force (`file_prio_alert`)."""


class ResumeData(_TorrentAlert, frozen=True):
    """Encoded resume data (`save_resume_data_alert`)."""

    blob: bytes


class ResumeUnsaved(_TorrentAlert, frozen=True):
    """No resume data was made (`save_resume_data_failed_alert`).

    Fields:
        problem: the reason; None if nothing has changed.
        early: whether libtorrent is still checking the torrent's earlier resume data. Until the end of the check,
            libtorrent makes no new data.
    """

    problem: str | None
    early: bool = False


class ResumeRejected(_TorrentAlert, frozen=True):
    """The resume data does not match the files, so libtorrent hashes them (`fastresume_rejected_alert`)."""

    problem: str


class PieceFailed(_TorrentAlert, frozen=True):
    """A downloaded piece failed its hash check, and was discarded (`hash_failed_alert`)."""

    piece: int


class PiecesPassed(_TorrentAlert, frozen=True):
    """A torrent has more pieces than at its last `PieceFailed`. So some pieces pass their hash check."""


class PeersBanned(_TorrentAlert, frozen=True):
    """The peers that libtorrent has banned from a torrent because they sent corrupt pieces, as `address:port`.

    Sent if the banned peers have changed. They are stored in resume data, so a later session bans them, too.
    """

    peers: tuple[str, ...]


class MetadataFailed(_TorrentAlert, frozen=True):
    """Metadata from peers does not have the torrent's info-hash, or is invalid (`metadata_failed_alert`).

    If the metadata has the info-hash and is invalid, `TorrentTrouble` follows.
    """

    problem: str


class TorrentTrouble(_TorrentAlert, frozen=True):
    """libtorrent has stopped a torrent because of an error (`torrent_error_alert`)."""

    problem: str


class FileError(_TorrentAlert, frozen=True):
    """A file could not be read or written (`file_error_alert`). `errno` is 0 for libtorrent's own errors.

    libtorrent reports failures for each block, so dozens of these alerts may follow each other. If a write found no
    space or no permission, libtorrent stops downloading without a further alert. After other errors `TorrentTrouble`
    follows.
    """

    errno: int
    problem: str

    @property
    def out_of_space(self) -> bool:
        """Whether a write failed for lack of disk space or quota."""
        return self.errno in _OUT_OF_SPACE

    @property
    def stops_writing(self) -> bool:
        """Whether libtorrent stops downloading because of this error.

        Later failures are consequences of this error, for example failures to read data back.
        """
        return self.out_of_space or self.errno in _NOT_ALLOWED


class TrackerAsked(_TorrentAlert, frozen=True):
    """An announce to a tracker has begun (`tracker_announce_alert`), on one leg; see `tracker_book`."""

    url: str
    leg: str


class TrackerAnswered(_TorrentAlert, frozen=True):
    """A tracker has answered an announce (`tracker_reply_alert`).

    Fields:
        leg: the local endpoint and the info-hash version of the announce, as text; see the glossary.
    """

    url: str
    leg: str


class TrackerFailed(_TorrentAlert, frozen=True):
    """A tracker has not answered an announce on a leg, or has answered with an error (`tracker_error_alert`).

    Fields:
        problem: the tracker's message. Without a message, the error.
        times: the number of consecutive failures of this leg.
        said: whether `problem` is the tracker's message.
        skipped: whether libtorrent did not announce, because no address of the tracker is reachable from the local
            address.
    """

    url: str
    leg: str
    problem: str
    times: int
    said: bool = False
    skipped: bool = False


class SessionStatistics(_Alert, frozen=True, kw_only=True):
    """The session's payload totals and number of peers (`session_stats_alert`)."""

    downloaded: int
    uploaded: int
    peers: int


class ListenTrouble(_Alert, frozen=True):
    """The session cannot listen on an address (`listen_failed_alert`)."""

    problem: str


class Listening(_Alert, frozen=True):
    """The session listens on a port, for one protocol and address (`listen_succeeded_alert`)."""

    where: str
    port: int


class Selected(_TorrentAlert, frozen=True):
    """The evaluation of a torrent's selection has ended. If the evaluation failed, `problem` says why. Sent after a
    call has raised `NotSelected`.
    """

    problem: str | None


class TrackersChanged(_TorrentAlert, frozen=True):
    """The trackers of a torrent were changed, and are held until `release_trackers`."""


class CountersRead(_TorrentAlert, frozen=True, kw_only=True):
    """The totals in a torrent's resume data. `count_from` requests them. `HistoryFound` explains the members."""

    downloaded: int
    uploaded: int
    active_s: int
    seeding_s: int
    completed_s: int
    last_activity_s: int


class Faulted(_TorrentAlert, frozen=True):
    """An alert about a torrent could not be copied, so its content is unknown."""

    problem: str


class AlertsLost(_Alert, frozen=True):
    """The alert queue was full and some alerts were dropped (`alerts_dropped_alert`)."""


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
    | PieceFailed
    | PiecesPassed
    | PeersBanned
    | MetadataFailed
    | FileError
    | TrackerAsked
    | TrackerAnswered
    | TrackerFailed
    | TrackersChanged
    | SessionStatistics
    | ListenTrouble
    | Listening
    | Selected
    | CountersRead
    | Faulted
    | AlertsLost
)
