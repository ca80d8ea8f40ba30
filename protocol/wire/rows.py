"""Observed state of torrents as clients read it: rows of torrents, files and trackers, and the states in them.

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


ROW_FIELDS = frozenset(TorrentRow.__struct_fields__)
"""The values of `fields` in `list_torrents`."""


def ratio(downloaded: int, uploaded: int, bytes_done: int) -> float | None:
    """Uploaded divided by downloaded bytes; None if nothing was downloaded and there is no data.

    For a torrent that was added with its data it is divided by the bytes that it has. Like qBittorrent, it counts a
    torrent as such if less than a hundredth was downloaded.
    """
    base = downloaded if downloaded * 100 >= bytes_done else bytes_done
    return uploaded / base if base else None
