"""Observed state as clients read it: rows, reports and the states in them.

Times are milliseconds (`*_ms`) or microseconds since 1970 (`*_us`), rates bytes per second (`*_bps`), sizes bytes.
"""

from enum import StrEnum

import msgspec


class TorrentState(StrEnum):
    """The state of a torrent. `finished` has all selected files; `seeding` has all files."""

    QUEUED = "queued"
    CHECKING = "checking"
    FETCHING_METADATA = "fetching_metadata"
    DOWNLOADING = "downloading"
    FINISHED = "finished"
    SEEDING = "seeding"
    PAUSED = "paused"
    ERROR = "error"
    MISSING_STORAGE = "missing_storage"
    QUARANTINED = "quarantined"


ACTIVE_STATES = frozenset({TorrentState.CHECKING, TorrentState.FETCHING_METADATA, TorrentState.DOWNLOADING})
"""The states in which losing the engine interrupts work that a client is waiting for."""

COMPLETE_STATES = frozenset({TorrentState.FINISHED, TorrentState.SEEDING})
"""The states in which all selected files are complete."""


class EngineState(StrEnum):
    """The engine's state. `backing_off` waits for the next start; so does `over_budget`, for five minutes."""

    IDLE = "idle"
    STARTING = "starting"
    RUNNING = "running"
    RECYCLING = "recycling"
    BACKING_OFF = "backing_off"
    OVER_BUDGET = "over_budget"
    STOPPING = "stopping"
    STOPPED = "stopped"


class HealthStatus(StrEnum):
    """The worst problem decides: nothing wrong is `healthy`, no engine for long is `unhealthy`."""

    STARTING = "starting"
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"
    STOPPING = "stopping"


class HindranceCause(StrEnum):
    """Why a torrent makes no progress: the first of these causes that applies.

    `quarantined`: it crashes the engine, and is not loaded. `disk`: its files, or their disk, are missing, full or
    unusable. `error`: something else has stopped it; `error` in its row says what. `paused`: a client has paused it.
    `engine`: no engine runs. `queued`: the engine has not loaded it yet. `nothing_selected`: no file is wanted.
    `trackers_failing`: no peer is connected, and each of its trackers fails. `no_peers`: no peer is connected.
    `no_metadata`: peers are, and none has sent the info dictionary of this magnet link. `no_seeds`: nothing arrives,
    and no peer that is connected has everything. `no_data`: nothing arrives although one has.
    """

    QUARANTINED = "quarantined"
    DISK = "disk"
    ERROR = "error"
    PAUSED = "paused"
    ENGINE = "engine"
    QUEUED = "queued"
    NOTHING_SELECTED = "nothing_selected"
    TRACKERS_FAILING = "trackers_failing"
    NO_PEERS = "no_peers"
    NO_METADATA = "no_metadata"
    NO_SEEDS = "no_seeds"
    NO_DATA = "no_data"


class Hindrance(msgspec.Struct, frozen=True, kw_only=True):
    """The cause of a torrent that makes no progress.

    Fields:
        cause: its kind; later versions may add kinds.
        message: in words, for people; tracker URLs are redacted.
    """

    cause: HindranceCause
    message: str


class TrackerStatus(StrEnum):
    """The status of a tracker. `disabled` is not used yet."""

    DISABLED = "disabled"
    NOT_CONTACTED = "not_contacted"
    UPDATING = "updating"
    WORKING = "working"
    ERROR = "error"


class TrackerRow(msgspec.Struct, frozen=True, kw_only=True):
    """One tracker of a torrent, from the source or from a client.

    Fields:
        url: whole, with passkeys.
        tier: announces go to trackers tier by tier (BEP 12); 0 is the first.
        status: `not_contacted` without an announce or an answer since the daemon started; `updating` during an
            announce; `working` if the last one was answered; `error` if it was not, or was refused.
        message: its last message, or the error; if it works, its warning, if any.
        next_announce_us: the time of the next announce, microseconds since 1970; null if unknown.
        seeds, leeches, downloads: from its last answer; null if unknown.
        failing_since_us: since when its status is `error`, microseconds since 1970; otherwise null.
    """

    url: str
    tier: int
    status: TrackerStatus
    message: str = ""
    next_announce_us: int | None = None
    seeds: int | None = None
    leeches: int | None = None
    downloads: int | None = None
    failing_since_us: int | None = None


class TorrentRow(msgspec.Struct, frozen=True, kw_only=True):
    """One torrent in the reply to `list_torrents`.

    Fields:
        name: from the metadata, or from the source until that is known; may be empty.
        state: its state.
        progress: 0..1 of the selected bytes.
        bytes_done, bytes_total: of the selected files, in bytes.
        size: of all files in bytes; 0 while the metadata is not known.
        downloaded, uploaded: payload bytes over the torrent's life.
        wasted: of the downloaded bytes, those that failed their hash check or were there already.
        download_bps, upload_bps: rates of payload, averaged over some seconds; 0 while there is no engine.
        peers: connected now.
        seeds: connected peers that have everything.
        save_path: absolute directory below which the files lie.
        labels: as given.
        paused: desired state; `state` is observed.
        sequential: whether pieces are downloaded in order.
        download_limit_bps, upload_limit_bps: desired limits, 0 is no limit.
        error: the message of the torrent's error, or null.
        added_us: when it was accepted, microseconds since 1970.
        age_ms: how long ago the engine last told of this torrent; null if it never did.
        info_hash_v1, info_hash_v2: both of a hybrid torrent, by either of which it is found; null for one that it does
            not have, and while that is not known. Of a magnet link, those that the link names.
        ratio: uploaded bytes for each byte downloaded; or for each byte of `bytes_done`, where less than a hundredth
            of that was downloaded, since the torrent came with its data. Null where there is neither.
        eta_s: in how many seconds the selected bytes will be there, by what arrived in about the last half minute;
            null while the torrent does not download, nothing arrives, or it would be more than a hundred days.
        completed_us: when what was selected was complete last, or was found to be; null if it never was.
        last_activity_us: when payload was last seen to come or go; null if never.
        active_s: for how long it was not paused, stopped by an error, or without an engine, over its life.
        seeding_s: for how long of that all that was selected was there.
        hindrance: why it does not move; null while it does, and where it has all that is wanted and nothing is wrong.
            Found out when it is read: no event carries it.
        stalled_since_us: since when nothing has arrived of a torrent that has something left to fetch, as far as this
            supervisor knows, microseconds since 1970; null while something arrives, and for five seconds more, if the
            rate does not come to nothing sooner. No event carries it either.
        engine: the slot of the engine that has it, as in `engines` of `health`.
    """

    torrent: str
    name: str
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
    save_path: str
    labels: list[str]
    paused: bool
    sequential: bool
    download_limit_bps: int
    upload_limit_bps: int
    error: str | None
    added_us: int
    age_ms: int | None
    info_hash_v1: str | None = None
    info_hash_v2: str | None = None
    ratio: float | None = None
    eta_s: int | None = None
    completed_us: int | None = None
    last_activity_us: int | None = None
    active_s: int = 0
    seeding_s: int = 0
    hindrance: Hindrance | None = None
    stalled_since_us: int | None = None
    engine: int = 0


class RulesReport(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of a selection.

    Fields:
        include: globs; a file must match one of them; an empty list is all files.
        exclude: globs; a file that matches one is not wanted.
        skip_fluff: samples, notes, links and the like are not wanted.
        only: indices of files in the form of BEP 53 (`0,2,5-7`), from `so` of the magnet link; no other file is wanted.
            Null is all files. It replaces `include`, and ends when that is given.
    """

    include: list[str]
    exclude: list[str]
    skip_fluff: bool
    only: str | None = None


class TorrentDetail(TorrentRow, frozen=True, kw_only=True):
    """One torrent in the reply to `get_torrent`: the row, and the rest of its desired state.

    Fields:
        source: `metainfo` or `magnet`.
        magnet: the link it was added by, or null.
        rules: by which files are selected.
        priorities: 0..7 by file index in decimal; they override the rules.
        trackers, web_seeds: URLs that clients gave in addition to the source's.
        seed_mode: whether the client vouched that all data is there.
        files: their number, without padding files; null while the metadata is not known.
        piece_length: in bytes; null while the metadata is not known.
        revision: +1 for every accepted change.
        applied_revision: the last one that libtorrent confirmed; while it is less than `revision`, a change is pending.
        tracker_status: every tracker, the source's too; the figures are those of the last `list_trackers`, if any.
    """

    source: str
    magnet: str | None
    rules: RulesReport
    priorities: dict[str, int]
    trackers: list[str]
    web_seeds: list[str]
    seed_mode: bool
    files: int | None
    piece_length: int | None
    revision: int
    applied_revision: int
    tracker_status: list[TrackerRow] = []


class FileRow(msgspec.Struct, frozen=True, kw_only=True):
    """One file in the reply to `list_files`.

    Fields:
        index: its place in the torrent, from 0; padding files (BEP 47) have one, but are not listed.
        path: where it is on the disk, below the save path, with the torrent's root folder, separated by slashes.
        size: in bytes.
        priority: 0..7; 0 is not downloaded, 4 the default, 7 first.
        bytes_done: bytes that passed their hash check; 0 before an engine has reported it.
        torrent_path: the torrent's own name for it if that differs from `path`: a disk does not accept every name, and
            no two files can have the same. For people: it may have any characters, and a name that is too long ends in
            `…`.
    """

    index: int
    path: str
    size: int
    priority: int
    bytes_done: int
    torrent_path: str | None = None


class Severity(StrEnum):
    """How much a problem affects."""

    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One problem.

    Fields:
        component: the part that has it: `engine`, `resume_dir`, `storage`, `torrents`, `config`, `log` and others.
        subject: the subject within the component; both together identify a problem.
        message: in words, for people: the problem, its cause, and the remedy.
        since_us: since when, microseconds since 1970.
        severity: how much it affects; `warning` for a daemon that does not send it.
    """

    component: str
    subject: str
    message: str
    since_us: int
    severity: Severity = Severity.WARNING


class EngineReport(msgspec.Struct, frozen=True, kw_only=True):
    """The engine process.

    Fields:
        state: its state.
        pid: null while there is none.
        gen: its generation, +1 for each process that became the engine.
        restarts: how often the engine was replaced since the supervisor started.
        uptime_ms: the uptime of this generation; 0 without one.
    """

    state: EngineState
    pid: int | None
    gen: int
    restarts: int
    uptime_ms: int


class EngineSlotReport(msgspec.Struct, frozen=True, kw_only=True):
    """One engine slot. In a slot one engine process follows another; it has the same torrents.

    Fields:
        slot: its number, from 0.
        state: what the supervisor is doing about its process.
        pid: null while there is none.
        gen: the generation of its process, or of the last one. No other process has it, in whichever slot.
        restarts: how often another process took the place of one since the supervisor began.
        uptime_ms: for how long this generation has been there; 0 without one.
        torrents: how many it is to have.
    """

    slot: int
    state: EngineState
    pid: int | None
    gen: int
    restarts: int
    uptime_ms: int
    torrents: int


class SupervisorReport(msgspec.Struct, frozen=True, kw_only=True):
    """The supervisor process.

    Fields:
        pid: its process id.
        version: Ouzel's.
        uptime_ms: its uptime.
    """

    pid: int
    version: str
    uptime_ms: int


class RestoreReport(msgspec.Struct, frozen=True, kw_only=True):
    """The progress of this engine's restore.

    Fields:
        done: torrents that it has loaded.
        total: torrents that it has to load.
    """

    done: int
    total: int


class SandboxReport(msgspec.Struct, frozen=True, kw_only=True):
    """The kernel's confinement of the engine.

    Fields:
        mode: as configured: `auto`, `require` or `off`.
        landlock: the version of Landlock in force, which confines file access; 0 is none.
        seccomp: whether the filter over system calls is in force.
        problem: what could not be confined, and why; null if everything is.
    """

    mode: str
    landlock: int = 0
    seccomp: bool = False
    problem: str | None = None


class HealthReport(msgspec.Struct, frozen=True, kw_only=True):
    """The health of the service.

    Fields:
        status: the worst problem decides.
        reasons: the problems, the worst first, and then the oldest.
        engine: the engine process; where there are several, the first slot's.
        supervisor: the supervisor process.
        restore: how far the engine is in taking up torrents; of several, all together.
        sandbox: what confines the engine; null while none has been ready.
        engines: each engine slot, the first one first; of a daemon that does not say, empty.
    """

    status: HealthStatus
    reasons: list[Reason]
    engine: EngineReport
    supervisor: SupervisorReport
    restore: RestoreReport
    sandbox: SandboxReport | None = None
    engines: list[EngineSlotReport] = []


class ProcessReport(msgspec.Struct, frozen=True, kw_only=True):
    """One process. 0 where unknown, and without a process.

    Fields:
        rss_bytes: resident memory.
        cpu_ms: CPU time used.
        fds: open file descriptors.
    """

    rss_bytes: int
    cpu_ms: int
    fds: int


class SessionReport(msgspec.Struct, frozen=True, kw_only=True):
    """The libtorrent session, as last reported by an engine.

    Fields:
        download_bps, upload_bps: payload of all torrents together, averaged over some seconds.
        downloaded, uploaded: payload bytes since this daemon started, of all its engines.
        peers: connections.
        listen_port: 0 if it listens on none.
        age_ms: the time since an engine's last report; null if there was none.
        all_time_downloaded, all_time_uploaded: payload bytes over all restarts.
    """

    download_bps: int
    upload_bps: int
    downloaded: int
    uploaded: int
    peers: int
    listen_port: int
    age_ms: int | None
    all_time_downloaded: int = 0
    all_time_uploaded: int = 0


class StatsReport(msgspec.Struct, frozen=True, kw_only=True):
    """Totals and rates.

    Fields:
        session: the libtorrent session.
        supervisor: the supervisor process.
        engine: the engine process; of several, all together.
        torrents: how many there are, by state; a state without torrents is left out.
    """

    session: SessionReport
    supervisor: ProcessReport
    engine: ProcessReport
    torrents: dict[str, int]


class SettingsReport(msgspec.Struct, frozen=True, kw_only=True):
    """Desired limits: from clients, or else from the configuration.

    Fields:
        download_bps, upload_bps: bytes per second, 0 is no limit.
    """

    download_bps: int
    upload_bps: int


ROW_FIELDS = frozenset(TorrentRow.__struct_fields__)
"""The values of `fields` in `list_torrents`."""


def ratio(downloaded: int, uploaded: int, bytes_done: int) -> float | None:
    """Uploaded divided by downloaded bytes; None if nothing was downloaded and there is no data.

    For a torrent that was added with its data it is divided by the bytes that it has. Like qBittorrent, it counts a
    torrent as such if less than a hundredth was downloaded.
    """
    base = downloaded if downloaded * 100 >= bytes_done else bytes_done
    return uploaded / base if base else None
