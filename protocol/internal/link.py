"""The private link: engine commands down, engine events up, in batches that carry the generation.

Commands are level-triggered: `EnsureTorrent` has the whole desired state of a torrent, and can be repeated at any time;
the engine applies what differs. So the next engine needs no log of earlier commands, only the catalogue.
"""

from typing import Final, Generic, TypeVar

import msgspec

from protocol.internal.bounds import Bounds
from protocol.wire import codec
from protocol.wire.desired import DesiredTorrent, KnownMetadata
from protocol.wire.errors import ErrorKind, OuzelError
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
from protocol.wire.rows import SandboxReport

T = TypeVar("T")
AnswerT = TypeVar("AnswerT", bound="Answer")

MAX_LINK_BYTES: Final = 256 * 1024 * 1024


class _EngineVerb(msgspec.Struct, frozen=True, kw_only=True, tag_field="op"):
    """What all engine commands share."""


class Query(_EngineVerb, Generic[AnswerT], frozen=True, kw_only=True):
    """What all questions share. A question changes nothing, and is answered once, by an `AnswerT` with its token.

    Fields:
        token: given by the link that asks.
    """

    token: int = 0


class Configure(_EngineVerb, frozen=True, kw_only=True, tag="configure"):
    """The first command of each generation, and of each change of session settings; the session is made at the first.

    Fields:
        settings: libtorrent settings by their own names, over Ouzel's defaults.
        download_bps, upload_bps: limits of all torrents together, 0 is none.
        torrents: the number that is about to be restored, to size queues by.
        resume_dir: the resume directory, by its `ResumeDir.identity`; None accepts any at its path.
        config: the number of the settings' configuration; returned in the answer, `SettingsApplied` or
            `SettingsRefused`.
        bounds: where payload may be; by default nowhere.
    """

    settings: dict[str, int | str | bool]
    download_bps: int
    upload_bps: int
    torrents: int
    revision: int
    resume_dir: str | None = None
    config: int = 0
    bounds: Bounds = Bounds()


class InspectSource(Query["SourceInspected"], frozen=True, kw_only=True, tag="inspect_source"):
    """Parse and validate a source; nothing is added. Answered by `SourceInspected`.

    Fields:
        save_path: where it would be stored, resolved; None if its paths are not to be checked.
        list_files: return its files, and check nothing.
    """

    magnet: str | None = None
    metainfo: bytes | None = None
    save_path: str | None = None
    list_files: bool = False


class EnsureTorrent(_EngineVerb, frozen=True, kw_only=True, tag="ensure_torrent"):
    """Apply a torrent's desired state. Answered by `TorrentApplied` with the revision.

    Fields:
        files_known: its files and their priorities are known; if it is restored, they need not be reported.
        afresh: check again what has stopped it, an error or missing storage; the answer has the present state.
        downloaded, uploaded: lifetime payload bytes, the start values of an engine that loads it, if its resume data
            has less.
        history: no totals are stored; report those of its resume data (`HistoryFound`).
    """

    desired: DesiredTorrent
    files_known: bool = False
    afresh: bool = False
    downloaded: int = 0
    uploaded: int = 0
    history: bool = False


class ForgetTorrent(_EngineVerb, frozen=True, kw_only=True, tag="forget_torrent"):
    """Remove a torrent from the session, delete its files if requested, and its fast-resume data.

    Answered by `TorrentForgotten`.

    Fields:
        desired: set with `delete_files`, so that an engine that has not loaded the torrent can find its files.
    """

    torrent: str
    delete_files: bool
    desired: DesiredTorrent


class QueryFiles(Query["FilesQueried"], frozen=True, kw_only=True, tag="query_files"):
    """Bytes done of each file. Answered by `FilesQueried`."""

    torrent: str


class QueryTrackers(Query["TrackersQueried"], frozen=True, kw_only=True, tag="query_trackers"):
    """The state of each tracker of a torrent. Answered by `TrackersQueried`."""

    torrent: str


class SaveAll(_EngineVerb, frozen=True, kw_only=True, tag="save_all"):
    """Save every torrent's fast-resume data again: the resume directory was unavailable, and may be another one now.

    Fields:
        resume_dir: the directory, by its `ResumeDir.identity`.
        hand_over: the engine's sandbox does not let it write there: it sends the data (`ResumeHandedOver`), and
            `AllHandedOver` at the end.
    """

    resume_dir: str
    hand_over: bool = False


class CallPeers(_EngineVerb, frozen=True, kw_only=True, tag="call_peers"):
    """Connect a torrent to these peers, even if it knows them already. There is no answer."""

    torrent: str
    peers: list[str]


class VerifyTorrent(_EngineVerb, frozen=True, kw_only=True, tag="verify_torrent"):
    """Hash a torrent's files again, since another torrent writes to some of them. Where they are not its own any more
    it ends in an error.

    Fields:
        writer: the other torrent.
    """

    torrent: str
    writer: str


class LookAtFiles(_EngineVerb, frozen=True, kw_only=True, tag="look_at_files"):
    """Check that a torrent's files are still on disk; if not, it is loaded anew. There is no answer."""

    torrent: str


class Drain(_EngineVerb, frozen=True, kw_only=True, tag="drain"):
    """Save unsaved resume data and exit with 0."""


EngineCommand = (
    Configure
    | InspectSource
    | EnsureTorrent
    | ForgetTorrent
    | QueryFiles
    | QueryTrackers
    | SaveAll
    | CallPeers
    | VerifyTorrent
    | LookAtFiles
    | Drain
)


class _EngineFact(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """The base of all events that only the link has."""


class Answer(_EngineFact, frozen=True, kw_only=True):
    """What all answers to questions share.

    Fields:
        token: the question's.
    """

    token: int


class Learned(_EngineFact, frozen=True, kw_only=True):
    """What all facts share that a torrent's record is to have: `supervisor.commands.edits` has an edit for each."""

    torrent: str


class EngineReady(_EngineFact, frozen=True, kw_only=True, tag="engine_ready"):
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


class SettingsRefused(_EngineFact, frozen=True, kw_only=True, tag="settings_refused"):
    """The engine refuses the settings; the session was not made, or is unchanged.

    Fields:
        section: of the configuration.
    """

    setting: str
    message: str
    config: int = 0
    section: str = "engine"


class Heartbeat(_EngineFact, frozen=True, kw_only=True, tag="heartbeat"):
    """The engine's loop is alive: its turns so far, and the age of the last completed round trip through libtorrent.

    Fields:
        log_lost: the number of its log lines that were dropped so far.
    """

    loops: int
    native_age_ms: int
    log_lost: int = 0


class SourceInspected(Answer, frozen=True, kw_only=True, tag="source_inspected"):
    """The outcome for a source: the torrent's id and name, or its problem.

    Fields:
        outside: the files that would be outside of the download roots, in words.
        metadata: from its info dictionary; None for a magnet link.
        only: the indices of files that a magnet link selects, as in `Selection`.
        info_hash_v1, info_hash_v2: those in the source; metainfo has no others.
        places: where its root folder, or its one file, would be; set if a save path was given.
        files: the paths of its files; set with `list_files`.
    """

    torrent: str | None = None
    info_hash_v1: str | None = None
    info_hash_v2: str | None = None
    name: str = ""
    problem: str | None = None
    outside: str | None = None
    metadata: KnownMetadata | None = None
    only: str | None = None
    places: list[str] = []
    files: list[str] = []


class TorrentApplied(_EngineFact, frozen=True, kw_only=True, tag="torrent_applied"):
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


class HashesProven(_EngineFact, frozen=True, kw_only=True, tag="hashes_proven"):
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


class SettingsApplied(_EngineFact, frozen=True, kw_only=True, tag="settings_applied"):
    """libtorrent has confirmed a revision of the session's settings, and a configuration."""

    revision: int
    config: int = 0


class TorrentForgotten(_EngineFact, frozen=True, kw_only=True, tag="torrent_forgotten"):
    """The torrent is removed from the session and its fast-resume data is deleted.

    Fields:
        problem: why some files were not deleted, in words.
        left: their paths, as far as they are known.
    """

    torrent: str
    problem: str | None = None
    left: list[str] = []


class FilesRestored(_EngineFact, frozen=True, kw_only=True, tag="files_restored"):
    """The files of a torrent loaded from fast-resume data: no change, but a new supervisor may not know them."""

    torrent: str
    name: str
    size: int
    piece_length: int
    files: list[FileEntry]
    torrent_paths: dict[str, str] = {}


class HistoryFound(_EngineFact, frozen=True, kw_only=True, tag="history_found"):
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


class FilesQueried(Answer, frozen=True, kw_only=True, tag="files_queried"):
    """Bytes done by file index; null without the torrent or its metadata."""

    bytes_done: list[int] | None


class TrackersKnown(_EngineFact, frozen=True, kw_only=True, tag="trackers_known"):
    """The trackers of torrents that the session has loaded, including the source's own.

    Fields:
        trackers: URLs, each with its tier (BEP 12).
        torrents: those that have exactly these.
    """

    trackers: list[tuple[str, int]]
    torrents: list[str]


class TrackerTold(_EngineFact, frozen=True, kw_only=True, tag="tracker_told"):
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


class TrackerReading(msgspec.Struct, frozen=True, array_like=True):
    """The present state of one tracker.

    Fields:
        updating: an announce is in progress.
        next_announce_us: the time of the next announce, microseconds since 1970; None if none is planned.
        seeds, leeches, downloads: from its last answer; None if it had none.
        message: its warning while it works.
    """

    url: str
    tier: int
    updating: bool = False
    next_announce_us: int | None = None
    seeds: int | None = None
    leeches: int | None = None
    downloads: int | None = None
    message: str = ""


class TrackersQueried(Answer, frozen=True, kw_only=True, tag="trackers_queried"):
    """The trackers of a torrent; null if there is no such torrent."""

    trackers: list[TrackerReading] | None


class FilePutAside(_EngineFact, frozen=True, kw_only=True, tag="file_put_aside"):
    """A file of a torrent is damaged: its name, the problem, and what was done.

    Fields:
        staged: its name in `ResumeDir.staged`, for the supervisor to move it on; null if it is not there.
    """

    torrent: str
    file: str
    what: str
    done: str
    staged: str | None = None


class MetainfoDamaged(_EngineFact, frozen=True, kw_only=True, tag="metainfo_damaged"):
    """A torrent's .torrent file is damaged; the supervisor, which owns it, has to put it aside."""

    torrent: str
    problem: str


class ResumeHandedOver(_EngineFact, frozen=True, kw_only=True, tag="resume_handed_over"):
    """The content of a torrent's resume data file; see `SaveAll`."""

    torrent: str
    content: bytes


class AllHandedOver(_EngineFact, frozen=True, kw_only=True, tag="all_handed_over"):
    """The resume data of all torrents was handed over, or cannot be made."""


class ResumeStoreState(_EngineFact, frozen=True, kw_only=True, tag="resume_store_state"):
    """Whether fast-resume data can be written: `problem` in words, or null once it can again."""

    problem: str | None


class StorageState(_EngineFact, frozen=True, kw_only=True, tag="storage_state"):
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


class SessionStats(_EngineFact, frozen=True, kw_only=True, tag="session_stats"):
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
    | TorrentForgotten
    | FilesRestored
    | HistoryFound
    | FilesQueried
    | TrackersKnown
    | TrackerTold
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


class CommandBatch(msgspec.Struct, frozen=True, kw_only=True):
    """The engine commands in one frame."""

    gen: int
    commands: list[EngineCommand]


class EventBatch(msgspec.Struct, frozen=True, kw_only=True):
    """The engine events in one frame."""

    gen: int
    events: list[EngineEvent]


_COMMANDS: Final = msgspec.msgpack.Decoder(CommandBatch)
_EVENTS: Final = msgspec.msgpack.Decoder(EventBatch)


def decode_commands(frame: bytes) -> CommandBatch:
    """The commands in a frame. Raises OuzelError where the frame is not one."""
    return _decode(_COMMANDS, frame)


def decode_events(frame: bytes) -> EventBatch:
    """The events in a frame. Raises OuzelError where the frame is not one."""
    return _decode(_EVENTS, frame)


def _decode(decoder: msgspec.msgpack.Decoder[T], frame: bytes) -> T:
    """Both ends are our own, of one version, so the further checks of the public codec are left out."""
    if len(frame) > MAX_LINK_BYTES:
        raise OuzelError(ErrorKind.FRAME_TOO_LARGE, f"the frame has {len(frame)} bytes", field="frame")
    try:
        return decoder.decode(frame)
    except msgspec.ValidationError as error:
        field, problem = codec.blame(str(error), "")
        raise OuzelError(ErrorKind.MALFORMED_FRAME, f"{field}: {problem}", field=field) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise OuzelError(ErrorKind.MALFORMED_FRAME, f"not a frame of the link: {error}", field="frame") from error


class ConfigQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """The request to `engine_proc.judge`, as JSON: would an engine accept this configuration?

    Fields:
        settings: libtorrent's, by their own names.
        sandbox: the mode of the sandbox.
        roots: the download roots, links resolved.
        resume_dir: as configured.
    """

    settings: dict[str, int | str | bool]
    sandbox: str
    roots: list[str]
    resume_dir: str
