"""The public events: one Struct for each type; its fields are the event's `data`, its tag is the `type`.

An event about a torrent has `torrent`, which is in the envelope and not in `data`. The engine sends its own events in
this form; the supervisor numbers and publishes them.
"""

from typing import Final, get_args

import msgspec

from protocol.wire.reports import HealthStatus, Reason
from protocol.wire.rows import TorrentState, TrackerStatus


class _Fact(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", gc=False):
    """What all events share. None is part of a cycle, so the garbage collector need not know them."""


class _TorrentFact(_Fact, frozen=True, kw_only=True):
    """What all events about one torrent share."""

    torrent: str


class TorrentAdded(_TorrentFact, frozen=True, kw_only=True, tag="torrent_added"):
    """A torrent was accepted and is on disk.

    Fields:
        name: from the source; may be empty.
        save_path: absolute directory below which its files lie.
        paused: whether it was added paused.
        labels: as given.
        added_us: when it was accepted, microseconds since 1970.
    """

    name: str
    save_path: str
    paused: bool
    labels: list[str]
    added_us: int


class TorrentRemoved(_TorrentFact, frozen=True, kw_only=True, tag="torrent_removed"):
    """A torrent was removed: it is in no reply from now on.

    Fields:
        delete_files: whether its files are being deleted.
    """

    delete_files: bool


class MetadataUpdated(_TorrentFact, frozen=True, kw_only=True, tag="metadata_updated"):
    """The torrent's info dictionary is known, from the .torrent or from peers (BEP 9).

    Fields:
        name: the torrent's.
        size: of all files, in bytes.
        piece_length: in bytes.
        files: how many there are.
    """

    name: str
    size: int
    piece_length: int
    files: int


class FileEntry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A file as it is on the disk, as an array of these four.

    Fields:
        index: its place in the torrent, from 0.
        path: below the save path, separated by slashes; an absolute path begins with a slash.
        size: in bytes.
        priority: 0..7, as selected.
    """

    index: int
    path: str
    size: int
    priority: int


class FilesDiscovered(_TorrentFact, frozen=True, kw_only=True, tag="files_discovered"):
    """The torrent's files are known, with the priority that the selection gives to each.

    Fields:
        files: at most 1000 of them, each an array `[index, path, size, priority]`; without padding files (BEP 47).
        truncated: whether there are more; `list_files` has all.
        torrent_paths: by index, the torrent's own name of each of those files if it differs from `path`: a disk does
            not accept every name, and no two files can have the same.
    """

    files: list[FileEntry]
    truncated: bool = False
    torrent_paths: dict[str, str] = {}


class StateChanged(_TorrentFact, frozen=True, kw_only=True, tag="state_changed"):
    """The state of a torrent has changed, or is the same again after an interruption.

    Fields:
        state: the new state.
        previous: the state before.
    """

    state: TorrentState
    previous: TorrentState


class Completed(_TorrentFact, frozen=True, kw_only=True, tag="completed"):
    """All selected files are complete, hashed and written to the operating system's files.

    Fields:
        bytes_done: of the selected files.
    """

    bytes_done: int


class FileCompleted(_TorrentFact, frozen=True, kw_only=True, tag="file_completed"):
    """The last piece of a file was downloaded and passed its hash check; not published for files found complete.

    Fields:
        index: the file's place in the torrent, from 0.
    """

    index: int


class TorrentError(_TorrentFact, frozen=True, kw_only=True, tag="error"):
    """A torrent has an error.

    Fields:
        name: what kind: `engine_lost`, `add_failed`, `storage`, `resume_rejected`, `damaged`, `path_not_allowed`,
            `unreadable`, `files_overwritten`, `call_failed` if libtorrent or its binding raised an error about it,
            `rules_too_slow` if the evaluation of its globs takes too long; `disk_full` and `storage_missing`, for which
            it waits.
        message: in words, for people.
        recoverable: true if Ouzel recovers by itself; otherwise somebody has to act.
    """

    name: str
    message: str
    recoverable: bool


class ErrorCleared(_TorrentFact, frozen=True, kw_only=True, tag="error_cleared"):
    """The torrent's error is over."""


class TrackerStatusChanged(_TorrentFact, frozen=True, kw_only=True, tag="tracker_status"):
    """A tracker of a torrent fails, or works again.

    It is not published for each announce, but once when the tracker fails, and once when it answers after that. A
    tracker that has worked counts as failing after two failures in a row, and one that alternates after six. There is
    no event for a new tracker that works. At most ten trackers of a torrent that fail at the same time are published,
    and of all torrents 5,000 and then one a second; the others are published later, if they still fail, or not at all.
    `get_torrent` and `list_trackers` have the latest status of each.

    Fields:
        url: whole, with passkeys.
        status: `error` or `working`.
        message: the tracker's message, or the error; empty if it works.
    """

    url: str
    status: TrackerStatus
    message: str = ""


class SelectionChanged(_TorrentFact, frozen=True, kw_only=True, tag="selection_changed"):
    """Another set of files is wanted.

    Fields:
        selected: the number of wanted files; null while the metadata is not known.
        files: how many there are; null while the metadata is not known.
    """

    selected: int | None = None
    files: int | None = None


class Quarantined(_TorrentFact, frozen=True, kw_only=True, tag="quarantined"):
    """A torrent crashes the engine; it is not loaded any more, across restarts too, until it is released.

    Fields:
        reason: the evidence and the remedy, in words; the torrent's row has it as `error`.
        crash_report: the name of the report on the crash that convicted it; null if there is none.
    """

    reason: str
    crash_report: str | None = None


class Released(_TorrentFact, frozen=True, kw_only=True, tag="released"):
    """A client released a torrent from quarantine; it is loaded again."""


class LimitsApplied(_Fact, frozen=True, kw_only=True, tag="limits_applied"):
    """These limits were read back from libtorrent; without a torrent, those of the session.

    Fields:
        download_bps, upload_bps: bytes per second, 0 is no limit.
    """

    torrent: str | None = None
    download_bps: int
    upload_bps: int


class LimitsStale(_Fact, frozen=True, kw_only=True, tag="limits_stale"):
    """libtorrent has other limits than were set; without a torrent, those of the session.

    Fields:
        download_bps, upload_bps: the limits that were set, bytes per second.
        message: the limits that it has, in words.
    """

    torrent: str | None = None
    download_bps: int
    upload_bps: int
    message: str


class SettingsChanged(_Fact, frozen=True, kw_only=True, tag="settings_changed"):
    """A changed configuration was read and applied. Keys have the form `limits.download_bps`.

    Fields:
        changed: keys that are in force now.
        overridden: those of them that clients have overridden; the clients' values stay in force.
        restart_needed: keys whose change applies at the next start of the service.
    """

    changed: list[str]
    overridden: list[str]
    restart_needed: list[str]


class SessionError(_Fact, frozen=True, kw_only=True, tag="session_error"):
    """A problem that is not about one torrent.

    Fields:
        name: what kind: `listen_failed`, `disk_full`, `storage_missing`, `files_not_deleted`, `config_refused`, or
            `memory_high` if the engine uses too much memory and is recycled. Its end shows in health.
        message: in words, for people.
        paths: of `files_not_deleted`: at most 1001 paths of leftover files, if they are known.
    """

    name: str
    message: str
    paths: list[str] = []


class HealthChanged(_Fact, frozen=True, kw_only=True, tag="health_changed"):
    """The status, or the set of reasons, has changed.

    Fields:
        status: the worst problem decides.
        reasons: all problems, the worst first, and then the oldest.
    """

    status: HealthStatus
    reasons: list[Reason]


class EngineStarted(_Fact, frozen=True, kw_only=True, tag="engine_started"):
    """A new engine generation accepts commands.

    Fields:
        pid: its process id.
        restarts: how often an engine took another one's place since the supervisor began.
        engine: its slot, as in `engines` of `health`.
    """

    pid: int
    restarts: int
    engine: int = 0


class EngineLost(_Fact, frozen=True, kw_only=True, tag="engine_lost"):
    """The engine died, or could not be started.

    Fields:
        pid: its process id; null if it could not be started.
        exit_code: its exit code, or null.
        signal: the signal's name that ended it (`SIGKILL`), or null.
        retry_ms: milliseconds until the next start; 0 is at once.
        killed_for: why the supervisor killed it; null where it did not.
        engine: its slot, as in `engines` of `health`.
    """

    pid: int | None
    exit_code: int | None
    signal: str | None
    retry_ms: int | None
    killed_for: str | None = None
    engine: int = 0


class Reconciled(_Fact, frozen=True, kw_only=True, tag="reconciled"):
    """Stored state and session differed, and the difference was repaired.

    Fields:
        what: the difference, in words.
        done: the repair, in words.
    """

    torrent: str | None = None
    what: str
    done: str


class Progress(_TorrentFact, frozen=True, kw_only=True, tag="progress"):
    """A torrent's figures: latest value only, at most ten a second for each torrent.

    Fields:
        state: what it is doing.
        progress: 0..1 of the selected bytes.
        bytes_done, bytes_total: of the selected files, in bytes.
        size: of all files in bytes; 0 while the metadata is not known.
        downloaded, uploaded: payload bytes over the torrent's life.
        wasted: of the downloaded bytes, those that failed their hash check or were there already.
        download_bps, upload_bps: rates of payload, averaged over some seconds.
        peers: connected now.
        seeds: connected peers that have everything.
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


class Tick(_Fact, frozen=True, kw_only=True, tag="tick"):
    """Once a second: the latest `seq` and the status, so that a subscriber detects a loss.

    Fields:
        head: the number of the last lifecycle event, as the envelope's `seq`.
        status: how the service is.
    """

    head: int
    status: HealthStatus


LifecycleEvent = (
    TorrentAdded
    | TorrentRemoved
    | MetadataUpdated
    | FilesDiscovered
    | StateChanged
    | Completed
    | FileCompleted
    | TorrentError
    | ErrorCleared
    | TrackerStatusChanged
    | SelectionChanged
    | Quarantined
    | Released
    | LimitsApplied
    | LimitsStale
    | SettingsChanged
    | SessionError
    | HealthChanged
    | EngineStarted
    | EngineLost
    | Reconciled
)
Event = LifecycleEvent | Progress | Tick

MAX_EVENT_FILES: Final = 1000

TYPES: Final[tuple[str, ...]] = tuple(str(event.__struct_config__.tag) for event in get_args(Event))
"""Every event type by its name on the wire."""
