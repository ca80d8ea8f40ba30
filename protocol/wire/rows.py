"""Observed state of torrents in the replies to clients: rows of torrents and of files.

Durations are in milliseconds (`*_ms`) or seconds (`*_s`), times in microseconds since 1970 (`*_us`), rates in bytes per
second (`*_bps`), sizes in bytes.
"""

from enum import StrEnum

import msgspec

from protocol.wire.desired import DEFAULT_OPTIONS, TorrentOptions
from protocol.wire.goals import GoalsReport
from protocol.wire.peer_rows import TrackerRow


class TorrentState(StrEnum):
    """The state of a torrent. In `finished` all selected files are complete, in `seeding` all files."""

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
"""The states in which the loss of the engine interrupts work that clients wait for."""

COMPLETE_STATES = frozenset({TorrentState.FINISHED, TorrentState.SEEDING})
"""The states in which all selected files are complete."""


class HindranceCause(StrEnum):
    """Why a torrent makes no progress: the first of the following causes that applies.

    `moving`: its files are being moved. `quarantined`: the torrent crashes the engine, and is not loaded. `disk`: its
    files or their disk are missing, full or unusable. `error`: another error has stopped it; see `error` in its row.
    `paused`: a client has paused it. `engine`: no engine runs. `queued`: the engine has not loaded it yet, or it waits
    in libtorrent's queue. `nothing_selected`: no file is selected. `bad_data`: the data that arrived last failed its
    hash check, and none has passed it since. `stuck`: no more of its files was checked for ten minutes.
    `trackers_failing`: no peer is connected, and all trackers fail. `no_peers`: no peer is connected. `no_metadata`:
    peers are connected, but none has sent the info dictionary for this magnet link. `no_seeds`: no data arrives, and no
    connected peer has all pieces. `no_data`: no data arrives, although a connected peer has all pieces.
    """

    QUARANTINED = "quarantined"
    MOVING = "moving"
    DISK = "disk"
    ERROR = "error"
    PAUSED = "paused"
    ENGINE = "engine"
    QUEUED = "queued"
    NOTHING_SELECTED = "nothing_selected"
    BAD_DATA = "bad_data"
    STUCK = "stuck"
    TRACKERS_FAILING = "trackers_failing"
    NO_PEERS = "no_peers"
    NO_METADATA = "no_metadata"
    NO_SEEDS = "no_seeds"
    NO_DATA = "no_data"


class Hindrance(msgspec.Struct, frozen=True, kw_only=True):
    """The cause why a torrent makes no progress.

    Fields:
        cause: the kind of cause; later versions may add kinds.
        message: a sentence for people, with redacted tracker URLs.
    """

    cause: HindranceCause
    message: str


class Moving(msgspec.Struct, frozen=True, kw_only=True):
    """The move of a torrent's files to another save path.

    Fields:
        save_path: the new save path.
        progress: the fraction of the bytes that is copied, 0..1. On the same file system nothing is copied.
    """

    save_path: str
    progress: float


class TorrentRow(msgspec.Struct, frozen=True, kw_only=True):
    """One torrent in the reply to `list_torrents`.

    Fields:
        name: the name that a client has chosen, or else the name in the metadata, or in the source while the metadata
            is not known; may be empty.
        state: the torrent's state.
        progress: the fraction of the selected bytes that is complete, 0..1.
        bytes_done: how many bytes of the selected files are complete.
        bytes_total: the size of the selected files in bytes.
        size: the size of all files in bytes; 0 while the metadata is not known.
        downloaded, uploaded: payload bytes since the torrent was added.
        wasted: the downloaded bytes that failed the hash check or were already present.
        download_bps, upload_bps: payload rates, averaged over some seconds; 0 while no engine runs.
        peers: the number of connected peers.
        seeds: the number of connected peers that have all pieces.
        save_path: the absolute path of the directory below which the files are stored.
        labels: the labels that the client gave.
        paused: whether a client, or a seeding goal, has paused the torrent (desired state, while `state` is observed).
        sequential: whether pieces are downloaded in order.
        download_limit_bps, upload_limit_bps: the desired limits; 0 means no limit.
        error: the message of the torrent's error, or null.
        added_us: when the torrent was accepted, microseconds since 1970.
        age_ms: the time since the engine's last report on this torrent; null if there was none.
        info_hash_v1, info_hash_v2: the torrent's info-hashes; null for an info-hash that it does not have or that is
            not known yet. A hybrid torrent has both, and is found by either. While there is no metadata, these are the
            info-hashes in the magnet link.
        ratio: uploaded bytes divided by downloaded bytes. If less than a hundredth of `bytes_done` was downloaded,
            the torrent counts as added with its data, and the divisor is `bytes_done`. Null if the divisor is 0.
        eta_s: the estimated seconds until the selected bytes are complete, at the average rate of about the last half
            minute. Null while the torrent does not download, no data arrives, or the estimate exceeds 100 days.
        completed_us: when the selected files last became complete, or were found complete; null if never.
        last_activity_us: when payload was last received or sent; null if never.
        active_s: for how long the torrent has been active since it was added. A torrent is active while it is not
            paused, is not stopped by an error, and an engine runs.
        seeding_s: for how long of `active_s` all selected files were complete.
        hindrance: why the torrent makes no progress; null if it makes progress, or if it is complete and nothing is
            wrong. The value is computed on each read; no event has it.
        stalled_since_us: since when an incomplete torrent has received no data, as far as this supervisor knows,
            microseconds since 1970. Null while data arrives. When no more data arrives, it stays null for up to five
            seconds, until the rate is zero. No event has this field.
        engine: the slot of the torrent's engine, as in `engines` of `health`.
        moving: the move of the torrent's files that is in progress; null if there is none, or if it is being cancelled.
            Meanwhile the torrent is in state `queued`. `save_path` changes when the move is complete.
        queue_position: the torrent's place in libtorrent's queue, from 0; null for a torrent that is not in the queue
            (see `update_options`), is paused or complete.
        category: the name of the torrent's category, or null. No event but `torrent_added` has this field.
        goals: the seeding goals in force for the torrent; null if it has none. No event has this field.
        content: the path of the torrent's only file, or of the root folder that has all of its files on disk, relative
            to `save_path`. Empty if several files have no common root folder; null while the files are not known. An
            absolute path begins with a slash. It is not the `name`: names can be changed for a file system, files can
            be renamed, and a client can choose another name.
        swarm_seeds, swarm_leeches: the numbers of seeds and of other peers in the swarm, as the trackers say; null if
            none has said so.
        tracker: the URL of the tracker that answered last, not redacted; or else of the first tracker; null if no
            tracker is known. If several trackers keep answering, it is the one that began to do so last. No event has
            this field.
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
    moving: Moving | None = None
    queue_position: int | None = None
    category: str | None = None
    goals: GoalsReport | None = None
    content: str | None = None
    swarm_seeds: int | None = None
    swarm_leeches: int | None = None
    tracker: str | None = None


class RulesReport(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of a selection.

    Fields:
        include: globs, of which a selected file must match at least one; an empty list means all files.
        exclude: globs; a file that matches one of them is not selected.
        skip_fluff: samples, notes, links and the like are not selected.
        only: the file indices in the `so` of the magnet link (BEP 53: `0,2,5-7`). No other file is selected; null means
            all files. This selection applies instead of `include`, until a client gives `include`.
    """

    include: list[str]
    exclude: list[str]
    skip_fluff: bool
    only: str | None = None


class BadDataReport(msgspec.Struct, frozen=True, kw_only=True):
    """The data from peers that failed its hash check since the daemon started.

    Fields:
        pieces: the number of downloaded pieces that failed. Such a piece is downloaded again.
        last_piece: the index of the last failed piece; null if none has failed.
        metadata: the number of copies of the metadata, for a magnet link, that were wrong.
        metadata_problem: why the last such copy was wrong; null if none was.
        last_us: when the last failure was reported, microseconds since 1970; null if the only report was about banned
            peers.
        banned_peers: the peers that libtorrent has banned from this torrent, as `address:port`, at most 20. libtorrent
            bans a peer that alone has sent a corrupt piece, or whose block differs in a later, right copy of the piece.
            These bans are part of the torrent's fast-resume data, and not of `list_bans`.
    """

    pieces: int
    last_piece: int | None
    metadata: int
    metadata_problem: str | None
    last_us: int | None
    banned_peers: list[str]


class TorrentDetail(TorrentRow, frozen=True, kw_only=True):
    """One torrent in the reply to `get_torrent`: the row, and the rest of its desired state.

    Fields:
        source: `metainfo` or `magnet`.
        magnet: the magnet link that the torrent was added by, or null.
        rules: the rules that select files.
        priorities: priorities 0..7 by file index in decimal; they override the rules.
        trackers, web_seeds: URLs that clients gave in addition to those in the source.
        seed_mode: whether the client guaranteed that all data is on disk.
        files: the number of files, without padding files; null while the metadata is not known.
        piece_length: the size of a piece in bytes; null while the metadata is not known.
        revision: incremented with every accepted change.
        applied_revision: the last revision that libtorrent confirmed; while it is less than `revision`, a change is
            pending.
        tracker_status: all trackers, including those in the source. The figures are from the last `list_trackers`; null
            if there was none.
        bad_data: the data from peers that failed its hash check since the daemon started; null if there was none.
        options: the options that clients have set (`update_options`).
        pieces: the number of pieces; null while the metadata is not known.
        private: whether the torrent is private (BEP 27), so that its peers come only from its trackers; null while the
            metadata is not known.
        comment, created_by: the comment in the .torrent file, and the name of the program that made it, each cut after
            1000 characters. Empty if there is none, or if the torrent was added by a magnet link.
        created_us: when the .torrent file was made, microseconds since 1970; null if it does not say so.
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
    bad_data: BadDataReport | None = None
    options: TorrentOptions = DEFAULT_OPTIONS
    pieces: int | None = None
    private: bool | None = None
    comment: str = ""
    created_by: str = ""
    created_us: int | None = None


class FileRow(msgspec.Struct, frozen=True, kw_only=True):
    """One file in the reply to `list_files`.

    Fields:
        index: the file's index in the torrent, from 0. Padding files (BEP 47) have an index, too, but are not listed.
        path: the file's path on disk, relative to the save path, with the torrent's root folder, separated by slashes.
        size: the file's size in bytes.
        priority: 0..7: 0 excludes the file, 4 is the default, 7 is downloaded first.
        bytes_done: the bytes that passed the hash check; 0 until an engine has reported them.
        torrent_path: the path in the torrent if it differs from `path`. A file system does not accept every name, and
            no two files can have the same path. This path is meant for people: it may have any characters, and a long
            path ends in `…`.
    """

    index: int
    path: str
    size: int
    priority: int
    bytes_done: int
    torrent_path: str | None = None


ROW_FIELDS = frozenset(TorrentRow.__struct_fields__)
"""The names of a row's members."""

DETAIL_FIELDS = frozenset(TorrentDetail.__struct_fields__) - ROW_FIELDS
"""The names of the other members of the details. `fields` in `list_torrents` accepts them, too."""


def ratio(downloaded: int, uploaded: int, bytes_done: int) -> float | None:
    """Uploaded divided by downloaded bytes; None if nothing was downloaded and there is no data.

    For a torrent that was added with its data, the divisor is `bytes_done`. As in qBittorrent, a torrent counts as
    added with its data if less than a hundredth of `bytes_done` was downloaded.
    """
    base = downloaded if downloaded * 100 >= bytes_done else bytes_done
    return uploaded / base if base else None
