"""Engine events: the messages that the engine sends to the supervisor.

Some of them are events of the public protocol.
"""

from protocol.internal.link_messages import EventMessage, Learned
from protocol.internal.link_queries import (
    CountersQueried,
    FilesQueried,
    PeersQueried,
    PiecesQueried,
    PrivateQueried,
    SourceInspected,
    TrackersQueried,
    WebSeedsQueried,
)
from protocol.internal.move_events import MoveCopied, MoveEnded, MoveProgress
from protocol.internal.resume_events import (
    AllHandedOver,
    FilePutAside,
    MetainfoDamaged,
    ResumeHandedOver,
    ResumeStoreState,
)
from protocol.internal.watch_events import DataFailures, TorrentStuck
from protocol.wire.desired import SettingValue
from protocol.wire.events.session_events import LimitsApplied, LimitsStale, Reconciled, SessionError
from protocol.wire.events.torrent_events import (
    Completed,
    ErrorCleared,
    FileCompleted,
    FileEntry,
    FilesDiscovered,
    Progress,
    SelectionChanged,
    StateChanged,
    TorrentError,
)
from protocol.wire.metadata import KnownMetadata
from protocol.wire.reports import SandboxReport


class EngineReady(EventMessage, frozen=True, kw_only=True, tag="engine_ready"):
    """The session is up and the engine accepts commands.

    Fields:
        sandbox: the state of the engine's sandbox.
        places: the directories below which the sandbox allows writing. Each has its place (see `protocol.host.place`).
            Empty if no sandbox is in force.
        settings: Ouzel's default of each libtorrent setting that can be set.
    """

    pid: int
    libtorrent: str
    listen_port: int
    sandbox: SandboxReport | None = None
    places: dict[str, str] = {}
    settings: dict[str, SettingValue] = {}


class SettingsRefused(EventMessage, frozen=True, kw_only=True, tag="settings_refused"):
    """The engine refuses the settings. It creates no session, and does not change an existing session.

    Fields:
        section: the section of the configuration that has the setting.
    """

    setting: str
    message: str
    config: int = 0
    section: str = "engine"


class Heartbeat(EventMessage, frozen=True, kw_only=True, tag="heartbeat"):
    """The engine's loop is alive.

    The message has two numbers. The first is the number of the loop's iterations so far. The second is the age of the
    last completed round trip through libtorrent.

    Fields:
        log_lost: the number of log lines that the engine has dropped so far.
    """

    loops: int
    native_age_ms: int
    log_lost: int = 0


class TorrentApplied(EventMessage, frozen=True, kw_only=True, tag="torrent_applied"):
    """libtorrent has confirmed a torrent's revision, or refused it with a `problem`."""

    torrent: str
    revision: int
    problem: str | None = None


class TorrentRechecked(Learned, frozen=True, kw_only=True, tag="torrent_rechecked"):
    """All files of a torrent were hashed, and resume data with the result is stored.

    Fields:
        revision: the revision in which the recheck was requested.
    """

    revision: int


class HashesProven(EventMessage, frozen=True, kw_only=True, tag="hashes_proven"):
    """The info-hashes of a torrent, computed from its metadata. All records with one of these hashes are of the same
    torrent.

    Fields:
        info_hash_v1, info_hash_v2: None for a version that the torrent does not have.
        bytes_done: how many bytes of the torrent's selected files are complete according to its resume data. 0 if the
            sender did not read the data.
        other: the id of another record of the same torrent; None if the sender knows of no other record.
        other_bytes_done: the same as `bytes_done`, for the record `other`.
    """

    torrent: str
    info_hash_v1: str | None = None
    info_hash_v2: str | None = None
    bytes_done: int = 0
    other: str | None = None
    other_bytes_done: int = 0


class SettingsApplied(EventMessage, frozen=True, kw_only=True, tag="settings_applied"):
    """libtorrent has confirmed a revision of the session's settings. A revision includes a configuration.

    The engine sends this event again when `problems` change.

    Fields:
        problems: why a setting does not have its requested value in libtorrent, by setting. The engine tries again.
        refused: the problem of a setting that this revision has changed; None if there is none.
    """

    revision: int
    config: int = 0
    problems: dict[str, str] = {}
    refused: str | None = None


class TorrentDropped(EventMessage, frozen=True, kw_only=True, tag="torrent_forgotten"):
    """The torrent is removed from the session, and its fast-resume data is deleted.

    Fields:
        problem: a text about why some files were not deleted.
        left: the known paths of files that were not deleted.
    """

    torrent: str
    problem: str | None = None
    left: list[str] = []


class MetadataKnown(EventMessage, frozen=True, kw_only=True, tag="metadata_known"):
    """The metadata of a torrent that was added just now, or that got its info dictionary from peers."""

    torrent: str
    metadata: KnownMetadata


class FilesRestored(EventMessage, frozen=True, kw_only=True, tag="files_restored"):
    """The files of a torrent that was loaded from fast-resume data.

    The engine reports the files because a restarted supervisor may not know them.
    """

    torrent: str
    metadata: KnownMetadata
    files: list[FileEntry]
    torrent_paths: dict[str, str] = {}


class HistoryFound(EventMessage, frozen=True, kw_only=True, tag="history_found"):
    """The totals in a torrent's resume data. The engine sends them if the supervisor has stored none.

    Fields:
        downloaded, uploaded: payload bytes.
        active_s: for how long the torrent was active.
        seeding_s: for how long of `active_s` the torrent was complete.
        completed_s: when the torrent became complete, in seconds since 1970; 0 if never.
        last_activity_s: when payload was last received or sent, in seconds since 1970; 0 if never.
    """

    torrent: str
    downloaded: int
    uploaded: int
    active_s: int
    seeding_s: int
    completed_s: int
    last_activity_s: int


class TrackersKnown(EventMessage, frozen=True, kw_only=True, tag="trackers_known"):
    """The trackers of loaded torrents, including those in their sources.

    Fields:
        trackers: the URLs, each with its tier (BEP 12).
        torrents: the ids of torrents that have exactly these trackers.
    """

    trackers: list[tuple[str, int]]
    torrents: list[str]


class TrackerReport(EventMessage, frozen=True, kw_only=True, tag="tracker_told"):
    """A tracker of a torrent works or fails, or its message has changed.

    Fields:
        message: the tracker's message, or the error; empty if the tracker works.
        times: 1, 2 or 6. The tracker has failed at least so many times in a row. 0 if the tracker works.
    """

    torrent: str
    url: str
    works: bool
    message: str = ""
    times: int = 0


class StorageState(EventMessage, frozen=True, kw_only=True, tag="storage_state"):
    """All torrents that wait for a file system.

    The engine sends this event at each change. Once no torrent waits any more, `torrents` and `message` are empty.

    Fields:
        problem: `disk_full` or `storage_missing`.
        message: a text for people about the problem and the remedy.
        free_bytes: the free space at the last check.
        whole: true if the file system itself is full, is missing, or does not answer. False if only some torrents'
            files are affected.
    """

    mount_point: str
    problem: str
    message: str
    torrents: list[str]
    free_bytes: int = 0
    whole: bool = False


class IpFilterState(EventMessage, frozen=True, kw_only=True, tag="ip_filter_state"):
    """The IP filter that is in force. The engine sends this event at each change.

    Fields:
        on: whether a filter is configured.
        rules: the number of ranges.
        bad_lines: the number of lines that are neither rules nor comments. The filter ignores these lines.
        first_bad: the line number and the beginning of the first such line.
        problem: why the file was not read; null if it was read. Rules that were read before stay in force.
    """

    on: bool = True
    rules: int = 0
    bad_lines: int = 0
    first_bad: str = ""
    problem: str | None = None


class SessionStats(EventMessage, frozen=True, kw_only=True, tag="session_stats"):
    """Rates and totals of the session. The engine sends them once a second.

    Fields:
        listeners: the listening ports by protocol and address, if libtorrent has reported them.
        network_load: the fraction of a CPU core that libtorrent's network thread used in the last five seconds; None if
            it is unknown.
        spins: whether the network thread has used a whole core for a minute, although hardly any payload was
            transferred.
    """

    download_bps: int
    upload_bps: int
    downloaded: int
    uploaded: int
    peers: int
    listen_port: int
    listeners: dict[str, int] = {}
    network_load: float | None = None
    spins: bool = False


EngineEvent = (
    EngineReady
    | SettingsRefused
    | Heartbeat
    | SourceInspected
    | TorrentApplied
    | TorrentRechecked
    | MoveProgress
    | MoveCopied
    | MoveEnded
    | HashesProven
    | SettingsApplied
    | TorrentDropped
    | FilesRestored
    | MetadataKnown
    | HistoryFound
    | FilesQueried
    | TrackersKnown
    | TrackerReport
    | TrackersQueried
    | PeersQueried
    | PrivateQueried
    | PiecesQueried
    | WebSeedsQueried
    | CountersQueried
    | DataFailures
    | TorrentStuck
    | FilePutAside
    | MetainfoDamaged
    | ResumeHandedOver
    | AllHandedOver
    | ResumeStoreState
    | StorageState
    | SessionStats
    | IpFilterState
    | Progress
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
