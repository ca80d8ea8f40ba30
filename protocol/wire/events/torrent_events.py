"""The events about one torrent."""

import msgspec

from protocol.wire.events.base import TorrentFact
from protocol.wire.goals import GoalAction, GoalName
from protocol.wire.metadata import KnownMetadata
from protocol.wire.peer_rows import TrackerStatus
from protocol.wire.rows import TorrentState


class TorrentAdded(TorrentFact, frozen=True, kw_only=True, tag="torrent_added"):
    """A torrent was accepted and is on disk.

    Fields:
        name: the name in the source; may be empty.
        save_path: the absolute path of the directory below which the torrent's files are stored.
        paused: whether the torrent was added paused.
        labels: the labels that the client gave.
        added_us: when the torrent was accepted, microseconds since 1970.
        category: the name of the torrent's category, or null.
    """

    name: str
    save_path: str
    paused: bool
    labels: list[str]
    added_us: int
    category: str | None = None


class TorrentRemoved(TorrentFact, frozen=True, kw_only=True, tag="torrent_removed"):
    """A torrent was removed. Replies do not contain it any more.

    Fields:
        delete_files: whether the torrent's files are being deleted.
    """

    delete_files: bool


class MetadataUpdated(TorrentFact, frozen=True, kw_only=True, tag="metadata_updated"):
    """The torrent's info dictionary is known, from the .torrent file or from peers (BEP 9).

    Fields:
        name: the torrent's name.
        size: the size of all files in bytes.
        piece_length: the size of a piece in bytes.
        files: the number of files.
        content: the content path, as in the row; null if it is not known yet.
    """

    name: str
    size: int
    piece_length: int
    files: int
    content: str | None = None

    @classmethod
    def of(cls, torrent: str, known: KnownMetadata) -> "MetadataUpdated":
        """Returns the event about this metadata."""
        return cls(
            torrent=torrent,
            name=known.name,
            size=known.size,
            piece_length=known.piece_length,
            files=known.files,
            content=known.content,
        )


class FileEntry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A file on disk, encoded as an array of these four members.

    Fields:
        index: the file's index in the torrent, from 0.
        path: the path below the save path, separated by slashes. An absolute path begins with a slash.
        size: the file's size in bytes.
        priority: the selected priority, 0..7.
    """

    index: int
    path: str
    size: int
    priority: int


class FilesDiscovered(TorrentFact, frozen=True, kw_only=True, tag="files_discovered"):
    """The torrent's files are known, each with the priority that the selection gives it.

    Fields:
        files: at most 1000 files, each an array `[index, path, size, priority]`. Padding files (BEP 47) are left out.
        truncated: whether the torrent has more files. `list_files` returns all files.
        torrent_paths: by file index, the path in the torrent if it differs from `path`. A file system does not accept
            every name, and no two files can have the same path.
    """

    files: list[FileEntry]
    truncated: bool = False
    torrent_paths: dict[str, str] = {}


class StateChanged(TorrentFact, frozen=True, kw_only=True, tag="state_changed"):
    """The state of a torrent has changed, or has been restored after an interruption.

    Fields:
        state: the new state.
        previous: the previous state.
    """

    state: TorrentState
    previous: TorrentState


class Completed(TorrentFact, frozen=True, kw_only=True, tag="completed"):
    """All selected files are complete. Their pieces passed the hash check and were written with write(2).

    Fields:
        bytes_done: how many bytes of the selected files are complete.
    """

    bytes_done: int


class FileCompleted(TorrentFact, frozen=True, kw_only=True, tag="file_completed"):
    """The last piece of a file was downloaded and passed its hash check.

    The event is not published for files that a check finds complete.

    Fields:
        index: the file's index in the torrent, from 0.
    """

    index: int


class TorrentError(TorrentFact, frozen=True, kw_only=True, tag="error"):
    """A torrent has an error.

    Fields:
        name: the kind of error. The kinds are `engine_lost`, `add_failed`, `storage`, `resume_rejected`, `damaged`,
            `path_not_allowed`, `unreadable`, `files_overwritten`, `call_failed`, `invalid_metadata`, `rules_too_slow`,
            `move_delayed`, `disk_full` and `storage_missing`. `call_failed`: a call of libtorrent raised an exception.
            `invalid_metadata`: the metadata from peers has the right info-hash, but cannot be parsed as a torrent.
            `rules_too_slow`: the evaluation of the torrent's globs takes too long. `move_delayed`: a move of the files
            has to wait. `disk_full` and `storage_missing`: the torrent waits until the storage is usable again.
        message: a sentence for people.
        recoverable: true if Ouzel recovers without help. False if somebody has to act.
    """

    name: str
    message: str
    recoverable: bool


class ErrorCleared(TorrentFact, frozen=True, kw_only=True, tag="error_cleared"):
    """The torrent's error is over."""


class TrackerStatusChanged(TorrentFact, frozen=True, kw_only=True, tag="tracker_status"):
    """A tracker of a torrent has failed, or works again.

    The event is published once when a tracker fails, and once when it works again. A tracker that has worked counts as
    failed after two failures in a row. A tracker that keeps alternating between working and failing counts as failed
    after six failures in a row. A new tracker that works causes no event. The number of events is limited. Of each
    torrent, at most ten trackers that fail at the same time are reported. All torrents together cause at most 5,000
    events at once, and after that one event a second. Other failures are published later if they persist. Otherwise
    they are not published. `get_torrent` and `list_trackers` return the latest status of each tracker.

    Fields:
        url: the tracker's URL, not redacted: it may have a passkey.
        status: `error` or `working`.
        message: the tracker's message, or the error; empty if the tracker works.
    """

    url: str
    status: TrackerStatus
    message: str = ""


class GoalReached(TorrentFact, frozen=True, kw_only=True, tag="goal_reached"):
    """A torrent has reached a seeding goal, and the action is on disk.

    Fields:
        goal: the goal: `ratio`, `seeding_time` or `inactive_time`.
        action: what was done: `pause`, `remove`, `remove_files` or `super_seed`. After a removal, `torrent_removed`
            follows.
    """

    goal: GoalName
    action: GoalAction


class SelectionChanged(TorrentFact, frozen=True, kw_only=True, tag="selection_changed"):
    """The set of selected files has changed.

    Fields:
        selected: the number of selected files; null while the metadata is not known.
        files: the number of files; null while the metadata is not known.
    """

    selected: int | None = None
    files: int | None = None


class StorageMoved(TorrentFact, frozen=True, kw_only=True, tag="storage_moved"):
    """All files of a torrent are at another save path now, because a client has moved them.

    Fields:
        save_path: the absolute path of the directory below which the files are stored now.
    """

    save_path: str


class FilesRenamed(TorrentFact, frozen=True, kw_only=True, tag="files_renamed"):
    """Files of a torrent have other paths now, because a client has renamed them.

    Fields:
        files: the new paths by file index, relative to the save path. At most 1000 paths.
        truncated: whether more files were renamed. `list_files` returns all files.
        content: the new content path, as in the row. Null if it is not known.
    """

    files: dict[str, str]
    truncated: bool = False
    content: str | None = None


class Quarantined(TorrentFact, frozen=True, kw_only=True, tag="quarantined"):
    """A torrent crashes the engine. It is not loaded until a client releases it, even across restarts.

    Fields:
        reason: the evidence and the remedy, for people. The member `error` of the torrent's row has the same text.
        crash_report: the name of the report on the crash that led to the quarantine; null if there is none.
    """

    reason: str
    crash_report: str | None = None


class Released(TorrentFact, frozen=True, kw_only=True, tag="released"):
    """A client released a torrent from quarantine. The torrent is loaded again."""


class Progress(TorrentFact, frozen=True, kw_only=True, tag="progress"):
    """A torrent's figures. Latest value only, at most ten events a second for each torrent.

    Fields:
        state: the torrent's state.
        progress: the fraction of the selected bytes that is complete, 0..1.
        bytes_done: how many bytes of the selected files are complete.
        bytes_total: the size of the selected files in bytes.
        size: the size of all files in bytes; 0 while the metadata is not known.
        downloaded, uploaded: payload bytes since the torrent was added.
        wasted: the downloaded bytes that failed the hash check or were already present.
        download_bps, upload_bps: payload rates, averaged over some seconds.
        peers: the number of connected peers.
        seeds: the number of connected peers that have all pieces.
        queue_position: the torrent's place in libtorrent's queue, from 0. Null if the torrent is not in the queue, is
            paused, or is complete.
        swarm_seeds, swarm_leeches: the numbers of seeds and of other peers in the swarm, as the trackers say; null if
            no tracker has reported them.
    """

    state: TorrentState
    progress: float
    bytes_done: int
    bytes_total: int
    size: int
    downloaded: int
    uploaded: int
    wasted: int
    download_bps: int
    upload_bps: int
    peers: int
    seeds: int
    queue_position: int | None = None
    swarm_seeds: int | None = None
    swarm_leeches: int | None = None
