"""Engine events: what the engine tells the supervisor. Some are events of the public protocol as they are."""

from protocol.internal.link_messages import EventMessage
from protocol.internal.link_queries import FilesQueried, SourceInspected, TrackersQueried
from protocol.wire.events import (
    Completed,
    ErrorCleared,
    FileCompleted,
    FileEntry,
    FilesDiscovered,
    LimitsApplied,
    LimitsStale,
    MetadataUpdated,
    Progress,
    Reconciled,
    SelectionChanged,
    SessionError,
    StateChanged,
    TorrentError,
)
from protocol.wire.reports import SandboxReport


class Learned(EventMessage, frozen=True, kw_only=True):
    """What all facts share that a torrent's record is to have: `supervisor.commands.edits` has an edit for each."""

    torrent: str


class EngineReady(EventMessage, frozen=True, kw_only=True, tag="engine_ready"):
    """The session is up and the engine accepts commands.

    Fields:
        sandbox: the engine's confinement.
        places: the directories below which its sandbox lets it write, each with its place (see `protocol.host.place`);
            empty if no sandbox is in force.
    """

    pid: int
    libtorrent: str
    listen_port: int
    sandbox: SandboxReport | None = None
    places: dict[str, str] = {}


class SettingsRefused(EventMessage, frozen=True, kw_only=True, tag="settings_refused"):
    """The engine refuses the settings; the session was not made, or is unchanged.

    Fields:
        section: of the configuration.
    """

    setting: str
    message: str
    config: int = 0
    section: str = "engine"


class Heartbeat(EventMessage, frozen=True, kw_only=True, tag="heartbeat"):
    """The engine's loop is alive: its turns so far, and the age of the last completed round trip through libtorrent.

    Fields:
        log_lost: the number of its log lines that were dropped so far.
    """

    loops: int
    native_age_ms: int
    log_lost: int = 0


class TorrentApplied(EventMessage, frozen=True, kw_only=True, tag="torrent_applied"):
    """libtorrent has confirmed a revision, or refused it with a `problem`."""

    torrent: str
    revision: int
    problem: str | None = None


class TorrentRechecked(Learned, frozen=True, kw_only=True, tag="torrent_rechecked"):
    """All files of a torrent were hashed, and resume data with what was found is stored.

    Fields:
        revision: the one in which that was asked for.
    """

    revision: int


class HashesProven(EventMessage, frozen=True, kw_only=True, tag="hashes_proven"):
    """A torrent's metadata proves its info-hashes. Records that have one of these are of one torrent.

    Fields:
        info_hash_v1, info_hash_v2: None for a version that the torrent does not have.
        bytes_done: the claim of the torrent's resume data, if it was requested.
        other: the record of the same torrent; None if it was not determined.
        other_bytes_done: the claim of that one's resume data.
    """

    torrent: str
    info_hash_v1: str | None = None
    info_hash_v2: str | None = None
    bytes_done: int = 0
    other: str | None = None
    other_bytes_done: int = 0


class SettingsApplied(EventMessage, frozen=True, kw_only=True, tag="settings_applied"):
    """libtorrent has confirmed a revision of the session's settings, and a configuration."""

    revision: int
    config: int = 0


class TorrentDropped(EventMessage, frozen=True, kw_only=True, tag="torrent_forgotten"):
    """The torrent is removed from the session and its fast-resume data is deleted.

    Fields:
        problem: why some files were not deleted, in words.
        left: their paths, as far as they are known.
    """

    torrent: str
    problem: str | None = None
    left: list[str] = []


class FilesRestored(EventMessage, frozen=True, kw_only=True, tag="files_restored"):
    """The files of a torrent loaded from fast-resume data: no change, but a new supervisor may not know them."""

    torrent: str
    name: str
    size: int
    piece_length: int
    files: list[FileEntry]
    torrent_paths: dict[str, str] = {}


class HistoryFound(EventMessage, frozen=True, kw_only=True, tag="history_found"):
    """The totals in a torrent's resume data, if none are stored.

    Fields:
        downloaded, uploaded: payload bytes.
        active_s, seeding_s: durations; the latter while complete.
        completed_s, last_activity_s: since 1970; 0 for never.
    """

    torrent: str
    downloaded: int
    uploaded: int
    active_s: int
    seeding_s: int
    completed_s: int
    last_activity_s: int


class TrackersKnown(EventMessage, frozen=True, kw_only=True, tag="trackers_known"):
    """The trackers of torrents that the session has loaded, including the source's own.

    Fields:
        trackers: URLs, each with its tier (BEP 12).
        torrents: those that have exactly these.
    """

    trackers: list[tuple[str, int]]
    torrents: list[str]


class TrackerReport(EventMessage, frozen=True, kw_only=True, tag="tracker_told"):
    """A tracker of a torrent works, or fails, or fails with another message.

    Fields:
        message: its message, or the error; empty if it works.
        times: the minimum of consecutive failures: 1, 2 or 6; 0 if it works.
    """

    torrent: str
    url: str
    works: bool
    message: str = ""
    times: int = 0


class FilePutAside(EventMessage, frozen=True, kw_only=True, tag="file_put_aside"):
    """A file of a torrent is damaged: its name, the problem, and what was done.

    Fields:
        staged: its name in `ResumeDir.staged`, for the supervisor to move it on; null if it is not there.
    """

    torrent: str
    file: str
    what: str
    done: str
    staged: str | None = None


class MetainfoDamaged(EventMessage, frozen=True, kw_only=True, tag="metainfo_damaged"):
    """A torrent's .torrent file is damaged; the supervisor, which owns it, has to put it aside."""

    torrent: str
    problem: str


class ResumeHandedOver(EventMessage, frozen=True, kw_only=True, tag="resume_handed_over"):
    """The content of a torrent's resume data file; see `SaveAll`."""

    torrent: str
    content: bytes


class AllHandedOver(EventMessage, frozen=True, kw_only=True, tag="all_handed_over"):
    """The resume data of all torrents was handed over, or cannot be made."""


class ResumeStoreState(EventMessage, frozen=True, kw_only=True, tag="resume_store_state"):
    """Whether fast-resume data can be written: `problem` in words, or null once it can again."""

    problem: str | None


class StorageState(EventMessage, frozen=True, kw_only=True, tag="storage_state"):
    """All torrents that wait for a file system, at each change; no torrents and no message once it is over.

    Fields:
        problem: `disk_full` or `storage_missing`.
        message: the problem and the remedy, in words.
        free_bytes: free space at the last check.
        whole: the file system itself is full, missing or does not answer, and not only some torrents' files.
    """

    mount_point: str
    problem: str
    message: str
    torrents: list[str]
    free_bytes: int = 0
    whole: bool = False


class SessionStats(EventMessage, frozen=True, kw_only=True, tag="session_stats"):
    """Once a second: rates and totals of the session.

    Fields:
        listeners: the listening ports by protocol and address, as far as libtorrent has reported them.
    """

    download_bps: int
    upload_bps: int
    downloaded: int
    uploaded: int
    peers: int
    listen_port: int
    listeners: dict[str, int] = {}


EngineEvent = (
    EngineReady
    | SettingsRefused
    | Heartbeat
    | SourceInspected
    | TorrentApplied
    | TorrentRechecked
    | HashesProven
    | SettingsApplied
    | TorrentDropped
    | FilesRestored
    | HistoryFound
    | FilesQueried
    | TrackersKnown
    | TrackerReport
    | TrackersQueried
    | FilePutAside
    | MetainfoDamaged
    | ResumeHandedOver
    | AllHandedOver
    | ResumeStoreState
    | StorageState
    | SessionStats
    | Progress
    | MetadataUpdated
    | FilesDiscovered
    | StateChanged
    | Completed
    | FileCompleted
    | TorrentError
    | ErrorCleared
    | SelectionChanged
    | LimitsApplied
    | LimitsStale
    | SessionError
    | Reconciled
)
