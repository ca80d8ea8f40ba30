"""The public events: one Struct a type, its fields are the event's `data`, its tag is the `type`.

An event about a torrent has `torrent`, which the envelope carries rather than `data`. The engine sends the ones it is
the source of as they stand here; the supervisor numbers and publishes them.
"""

from typing import Final, get_args

import msgspec

from protocol.wire.rows import HealthStatus, Reason, TorrentState, TrackerStatus


class _Fact(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """What all events share."""


class _TorrentFact(_Fact, frozen=True, kw_only=True):
    """What all events about one torrent share."""

    torrent: str


class TorrentAdded(_TorrentFact, frozen=True, kw_only=True, tag="torrent_added"):
    """A torrent was accepted and is on disk.

    Fields:
        name: what the source called it; may be empty.
        save_path: absolute directory below which its files lie.
        paused: whether it was added so.
        labels: as given.
        added_us: when it was accepted, microseconds since 1970.
    """

    name: str
    save_path: str
    paused: bool
    labels: list[str]
    added_us: int


class TorrentRemoved(_TorrentFact, frozen=True, kw_only=True, tag="torrent_removed"):
    """A torrent was forgotten: it is in no reply from now on.

    Fields:
        delete_files: whether its files are being deleted.
    """

    delete_files: bool


class MetadataUpdated(_TorrentFact, frozen=True, kw_only=True, tag="metadata_updated"):
    """The torrent's info dictionary is known: it came with the .torrent, or from peers (BEP 9).

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


class FileEntry(msgspec.Struct, frozen=True, array_like=True):
    """A file as it is on the disk, as an array of these four.

    Fields:
        index: its place in the torrent, from 0.
        path: below the save path, separated by slashes; an absolute one says so by its first character.
        size: in bytes.
        priority: 0..7, as selected.
    """

    index: int
    path: str
    size: int
    priority: int


class FilesDiscovered(_TorrentFact, frozen=True, kw_only=True, tag="files_discovered"):
    """The torrent's files are known, with the selection's verdict on each.

    Fields:
        files: at most 1000 of them, each an array `[index, path, size, priority]`; padding files (BEP 47) are left out.
        truncated: whether there are more; `list_files` has all.
        torrent_paths: by index of those files, what the torrent itself calls them where that is not `path`: a disk does
            not take every name, and no two files can have the same.
    """

    files: list[FileEntry]
    truncated: bool = False
    torrent_paths: dict[str, str] = {}


class StateChanged(_TorrentFact, frozen=True, kw_only=True, tag="state_changed"):
    """A torrent does something else now, or the same again after it was interrupted.

    Fields:
        state: what it does.
        previous: what it did before.
    """

    state: TorrentState
    previous: TorrentState


class Completed(_TorrentFact, frozen=True, kw_only=True, tag="completed"):
    """All selected files are complete, hashed and handed to the operating system's files.

    Fields:
        bytes_done: of the selected files.
    """

    bytes_done: int


class FileCompleted(_TorrentFact, frozen=True, kw_only=True, tag="file_completed"):
    """The last piece of a file was downloaded and passed its hash check; files that were found complete tell nothing.

    Fields:
        index: the file's place in the torrent, from 0.
    """

    index: int


class TorrentError(_TorrentFact, frozen=True, kw_only=True, tag="error"):
    """Something is wrong with a torrent.

    Fields:
        name: what kind: `engine_lost`, `add_failed`, `storage`, `resume_rejected`, `damaged`, `path_not_allowed`,
            `unreadable`, `files_overwritten`, `call_failed` where libtorrent or its binding has failed at it,
            `rules_too_slow` where it takes too long to find out which files its globs want; `disk_full` and
            `storage_missing`, for which it waits.
        message: in words, for people.
        recoverable: Ouzel goes on by itself; otherwise somebody has to act.
    """

    name: str
    message: str
    recoverable: bool


class ErrorCleared(_TorrentFact, frozen=True, kw_only=True, tag="error_cleared"):
    """What `error` told of is over."""


class TrackerStatusChanged(_TorrentFact, frozen=True, kw_only=True, tag="tracker_status"):
    """A tracker of a torrent fails, or works again.

    Not told of each announce: once when it fails, and once when it has answered after that. A tracker that has worked
    is called failing when it has failed twice in a row, and one that goes back and forth after six times in a row. That
    a new tracker works is no news. Of a torrent with more, ten trackers that fail at
    the same time are told, and of all torrents 5,000 and then one a second; the others are told later, if they still
    fail, or not at all. `get_torrent` and `list_trackers` have the latest of each.

    Fields:
        url: whole, passkeys too.
        status: `error` or `working`.
        message: what the tracker said, or what went wrong; empty where it works.
    """

    url: str
    status: TrackerStatus
    message: str = ""


class SelectionChanged(_TorrentFact, frozen=True, kw_only=True, tag="selection_changed"):
    """Another set of files is wanted.

    Fields:
        selected: how many are; null while the metadata is not known.
        files: how many there are; null while the metadata is not known.
    """

    selected: int | None = None
    files: int | None = None


class Quarantined(_TorrentFact, frozen=True, kw_only=True, tag="quarantined"):
    """A torrent crashes the engine; it is not loaded any more, over restarts too, until it is released.

    Fields:
        reason: how that was found out, and what to do, in words; the torrent's row has it as `error`.
        crash_report: the name of the report on the crash that it was convicted by; null where there is none.
    """

    reason: str
    crash_report: str | None = None


class Released(_TorrentFact, frozen=True, kw_only=True, tag="released"):
    """A torrent was let out of quarantine by a client; it is loaded again."""


class LimitsApplied(_Fact, frozen=True, kw_only=True, tag="limits_applied"):
    """libtorrent was asked and has these limits; without a torrent, those of the session.

    Fields:
        download_bps, upload_bps: bytes per second, 0 is no limit.
    """

    torrent: str | None = None
    download_bps: int
    upload_bps: int


class LimitsStale(_Fact, frozen=True, kw_only=True, tag="limits_stale"):
    """libtorrent has other limits than it was given; without a torrent, those of the session.

    Fields:
        download_bps, upload_bps: what it was given, bytes per second.
        message: what it has, in words.
    """

    torrent: str | None = None
    download_bps: int
    upload_bps: int
    message: str


class SettingsChanged(_Fact, frozen=True, kw_only=True, tag="settings_changed"):
    """A changed configuration was read and taken. Keys are named as in `limits.download_bps`.

    Fields:
        changed: what is in force now.
        overridden: the ones of these that clients have set otherwise, which holds on.
        restart_needed: what differs from how the service runs, and waits until it is started again.
    """

    changed: list[str]
    overridden: list[str]
    restart_needed: list[str]


class SessionError(_Fact, frozen=True, kw_only=True, tag="session_error"):
    """Trouble of more than one torrent.

    Fields:
        name: what kind: `listen_failed`, `disk_full`, `storage_missing`, `files_not_deleted`, `config_refused`, or
            `memory_high` where the engine holds too much and is replaced. Health says when it ends.
        message: in words, for people.
        paths: what it is about, of `files_not_deleted`: at most 1001 paths of what is still there, where that is known.
    """

    name: str
    message: str
    paths: list[str] = []


class HealthChanged(_Fact, frozen=True, kw_only=True, tag="health_changed"):
    """The status, or which problems there are, has changed.

    Fields:
        status: the worst problem decides.
        reasons: all problems, the worst first, and then the oldest.
    """

    status: HealthStatus
    reasons: list[Reason]


class EngineStarted(_Fact, frozen=True, kw_only=True, tag="engine_started"):
    """A new engine generation takes commands.

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
        pid: the one that it had; null where it could not be started.
        exit_code: what it ended with, or null.
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
    """Stored state and session disagreed.

    Fields:
        what: what they disagreed on, in words.
        done: what was done about it, in words.
    """

    torrent: str | None = None
    what: str
    done: str


class Progress(_TorrentFact, frozen=True, kw_only=True, tag="progress"):
    """How far a torrent is: latest value only, at most ten a second for each torrent.

    Fields:
        state: what it is doing.
        progress: 0..1 of the selected bytes.
        bytes_done, bytes_total: of the selected files, in bytes.
        size: of all files in bytes; 0 while the metadata is not known.
        downloaded, uploaded: payload bytes over the torrent's life.
        wasted: of those downloaded, what failed its check or was there already.
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
    """Once a second: the head of the numbering and the status, so that a subscriber can see what it lost.

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
