"""The private link: engine commands down, engine events up, in batches that carry the generation.

Commands are level-triggered: `EnsureTorrent` says how a torrent shall be, whole, and can be said again at any time; the
engine does what is missing. So an engine that died needs no log of what it had been told, only the catalogue.

Longer than most files here: it is the list of these messages.
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
    """First command of each generation, and whenever session settings change; the session is made at the first.

    Fields:
        settings: libtorrent settings by their own names, over Ouzel's defaults.
        download_bps, upload_bps: limits of all torrents together, 0 is none.
        torrents: how many are about to be restored, to size queues by.
        resume_dir: the resume directory, as `ResumeDir.identity` names it; None where any of its path will do.
        config: number of the configuration that the settings are of; given back in the answer, which is
            `SettingsApplied` or `SettingsRefused`.
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
    """Judge a source and name its torrent; nothing is added. Answered by `SourceInspected`.

    Fields:
        save_path: where it would be stored, resolved; None where it shall not be judged where its files would be.
        list_files: its files are wanted, and nothing is judged.
    """

    magnet: str | None = None
    metainfo: bytes | None = None
    save_path: str | None = None
    list_files: bool = False


class EnsureTorrent(_EngineVerb, frozen=True, kw_only=True, tag="ensure_torrent"):
    """Make a torrent be as desired. Answered by `TorrentApplied` with the revision.

    Fields:
        files_known: its files and their priorities are known; if it is restored, they need not be told.
        afresh: what has stopped it, an error or storage that is not there, is looked at anew and not remembered; the
            answer says what is true now.
        downloaded, uploaded: payload bytes over its life, from which an engine that loads it counts on where its
            resume data has less.
        history: nothing is known of its past; what its resume data says is to be told (`HistoryFound`).
    """

    desired: DesiredTorrent
    files_known: bool = False
    afresh: bool = False
    downloaded: int = 0
    uploaded: int = 0
    history: bool = False


class ForgetTorrent(_EngineVerb, frozen=True, kw_only=True, tag="forget_torrent"):
    """Take a torrent out of the session, delete its files if asked, and its fast-resume data.

    Answered by `TorrentForgotten`.

    Fields:
        desired: given with `delete_files`, so that an engine which has not loaded the torrent can find its files.
    """

    torrent: str
    delete_files: bool
    desired: DesiredTorrent


class QueryFiles(Query["FilesQueried"], frozen=True, kw_only=True, tag="query_files"):
    """Bytes done of each file. Answered by `FilesQueried`."""

    torrent: str


class QueryTrackers(Query["TrackersQueried"], frozen=True, kw_only=True, tag="query_trackers"):
    """What libtorrent knows of each tracker of a torrent. Answered by `TrackersQueried`."""

    torrent: str


class SaveAll(_EngineVerb, frozen=True, kw_only=True, tag="save_all"):
    """Save every torrent's fast-resume data again: the resume directory was away, and may be another one now.

    Fields:
        resume_dir: the directory, as `ResumeDir.identity` names it.
        hand_over: the engine's sandbox does not let it write there: it sends what it would write (`ResumeHandedOver`),
            and `AllHandedOver` in the end.
    """

    resume_dir: str
    hand_over: bool = False


class CallPeers(_EngineVerb, frozen=True, kw_only=True, tag="call_peers"):
    """Connect a torrent to these peers, though it knows them already. Nothing answers."""

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
    """See whether a torrent's files are on the disk still; it is loaded anew where they are not. Nothing answers."""

    torrent: str


class Drain(_EngineVerb, frozen=True, kw_only=True, tag="drain"):
    """Save what is unsaved and exit with 0."""


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
    """What all events that stay on the link share."""


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
    """The session is up and commands are carried out.

    Fields:
        sandbox: what confines the engine.
        places: the directories that its sandbox lets it write below, each with the place that was there (see
            `protocol.host.place`); none where no sandbox is in force.
    """

    pid: int
    libtorrent: str
    listen_port: int
    sandbox: SandboxReport | None = None
    places: dict[str, str] = {}


class SettingsRefused(_EngineFact, frozen=True, kw_only=True, tag="settings_refused"):
    """The settings are not ones that this engine can have; the session was not made, or goes on as it was.

    Fields:
        section: of the configuration.
    """

    setting: str
    message: str
    config: int = 0
    section: str = "engine"


class Heartbeat(_EngineFact, frozen=True, kw_only=True, tag="heartbeat"):
    """The engine's loop is alive: turns so far, and age of the last completed round trip through libtorrent.

    Fields:
        log_lost: lines of its log that it could not hand over, of all so far.
    """

    loops: int
    native_age_ms: int
    log_lost: int = 0


class SourceInspected(Answer, frozen=True, kw_only=True, tag="source_inspected"):
    """The verdict on a source: the torrent's id and name, or what is wrong with it.

    Fields:
        outside: which of its files would be outside of the download roots, in words.
        metadata: what its info dictionary says; None for a magnet link.
        only: the indices of files that a magnet link selects, as in `Selection`.
        info_hash_v1, info_hash_v2: those that it names; of metainfo there are no others.
        places: where its root folder, or its one file, would be; given where a save path was.
        files: where its files would be; given with `list_files`.
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
    """A torrent's metadata shows which info-hashes it has. Records that have one of these are of one torrent.

    Fields:
        info_hash_v1, info_hash_v2: None for a version that the torrent is not of.
        bytes_done: what the torrent's resume data claims, where it was asked for.
        other: the record that it turned out to be the same as; None where nobody has looked.
        other_bytes_done: what that one's resume data claims.
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
    """The torrent is out of the session and its fast-resume data is gone.

    Fields:
        problem: why something is still there, in words.
        left: paths of what is, as far as that is known.
    """

    torrent: str
    problem: str | None = None
    left: list[str] = []


class FilesRestored(_EngineFact, frozen=True, kw_only=True, tag="files_restored"):
    """The files of a torrent loaded from fast-resume data: nothing new, but a supervisor may have to learn them."""

    torrent: str
    name: str
    size: int
    piece_length: int
    files: list[FileEntry]
    torrent_paths: dict[str, str] = {}


class HistoryFound(_EngineFact, frozen=True, kw_only=True, tag="history_found"):
    """What a torrent's resume data says of its past, where nobody else knows it.

    Fields:
        downloaded, uploaded: payload bytes.
        active_s, seeding_s: durations; the latter of being complete.
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
    """Bytes done by file index; null where the torrent or its metadata is not there."""

    bytes_done: list[int] | None


class TrackersKnown(_EngineFact, frozen=True, kw_only=True, tag="trackers_known"):
    """The trackers of torrents that the session has taken up, the source's own among them.

    Fields:
        trackers: URLs, each with its tier (BEP 12).
        torrents: those that have just these.
    """

    trackers: list[tuple[str, int]]
    torrents: list[str]


class TrackerTold(_EngineFact, frozen=True, kw_only=True, tag="tracker_told"):
    """A tracker of a torrent works, or fails, or fails otherwise than before.

    Fields:
        message: what it said, or what went wrong; empty where it works.
        times: how often in a row at the least: 1, 2 or 6; 0 where it works.
    """

    torrent: str
    url: str
    works: bool
    message: str = ""
    times: int = 0


class TrackerReading(msgspec.Struct, frozen=True, array_like=True):
    """What libtorrent knows of one tracker now.

    Fields:
        updating: it is being asked.
        next_announce_us: when it is asked next, microseconds since 1970; None where that is not planned.
        seeds, leeches, downloads: as the tracker said last; None where it did not.
        message: what it has to say though it works.
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
    """The trackers of a torrent; null where it is not there."""

    trackers: list[TrackerReading] | None


class FilePutAside(_EngineFact, frozen=True, kw_only=True, tag="file_put_aside"):
    """A file of a torrent's could not be trusted: its name, what is wrong with it, and what was done.

    Fields:
        staged: its name in `ResumeDir.staged`, for the supervisor to move it on; null where it is not there.
    """

    torrent: str
    file: str
    what: str
    done: str
    staged: str | None = None


class MetainfoDamaged(_EngineFact, frozen=True, kw_only=True, tag="metainfo_damaged"):
    """A torrent's .torrent file cannot be trusted; the supervisor, whose file it is, is to put it aside."""

    torrent: str
    problem: str


class ResumeHandedOver(_EngineFact, frozen=True, kw_only=True, tag="resume_handed_over"):
    """A torrent's resume data, as its file is to hold it; see `SaveAll`."""

    torrent: str
    content: bytes


class AllHandedOver(_EngineFact, frozen=True, kw_only=True, tag="all_handed_over"):
    """Each torrent's resume data was handed over, or cannot be made."""


class ResumeStoreState(_EngineFact, frozen=True, kw_only=True, tag="resume_store_state"):
    """Whether fast-resume data can be written: `problem` in words, or null once it can again."""

    problem: str | None


class StorageState(_EngineFact, frozen=True, kw_only=True, tag="storage_state"):
    """Which torrents wait for a file system, whole each time it changes; no torrents and no message once it is over.

    Fields:
        problem: `disk_full` or `storage_missing`.
        message: what is wrong, and what ends it, in words.
        free_bytes: what was free when it was looked at last.
        whole: the file system itself is full, away or silent, and not only some torrents' files.
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
        listeners: the ports that are listened on, by protocol and address, as far as libtorrent has told of them.
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
    """What goes down the link in one frame."""

    gen: int
    commands: list[EngineCommand]


class EventBatch(msgspec.Struct, frozen=True, kw_only=True):
    """What comes up the link in one frame."""

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
    """Both ends are our own, of one version: what the public codec checks beyond the types is not checked here."""
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
    """What is asked of `engine_proc.judge`, as JSON: would an engine take this configuration?

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
