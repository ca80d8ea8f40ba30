"""Observed state of torrents in the replies to clients: rows of torrents and of files.

These units apply:

- `*_ms`: durations in milliseconds
- `*_s`: durations in seconds
- `*_us`: times in microseconds since 1970
- `*_bps`: rates in bytes per second
- sizes: bytes
"""

from enum import StrEnum

import msgspec

from protocol.wire.desired import DEFAULT_OPTIONS, TorrentOptions
from protocol.wire.goals import GoalsReport
from protocol.wire.peer_rows import TrackerRow


class TorrentState(StrEnum):
    """The state of a torrent. In `finished` all selected files are complete. In `seeding` all files are complete."""

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
"""The states with work that clients wait for. The loss of the engine interrupts this work."""

COMPLETE_STATES = frozenset({TorrentState.FINISHED, TorrentState.SEEDING})
"""The states in which all selected files are complete."""


class HindranceCause(StrEnum):
    """Why a torrent makes no progress. The value is the first of these causes that applies.

    `moving`: its files are being moved. `quarantined`: the torrent crashes the engine, and is not loaded. `disk`: its
    files or their disk are missing, full or unusable. `error`: another error has stopped the torrent. The member
    `error` of its row has the message. `paused`: a client has paused the torrent. `engine`: no engine runs. `queued`:
    the engine has not loaded the torrent yet, or the torrent waits in libtorrent's queue. `nothing_selected`: no file
    is selected. `bad_data`: the latest data failed its hash check. `stuck`: the check of its files has not moved for
    ten minutes. `trackers_failing`: no peer is connected, and all trackers fail. `no_peers`: no peer is connected.
    `no_metadata`: peers are connected, but none has sent the info dictionary for this magnet link. `no_seeds`: no data
    arrives, and no connected peer has all pieces. `no_data`: no data arrives, although a connected peer has all pieces.
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
    """Why a torrent makes no progress.

    Fields:
        cause: the kind of cause. Later versions may add kinds.
        message: a sentence for people, with redacted tracker URLs.
    """

    cause: HindranceCause
    message: str


class Moving(msgspec.Struct, frozen=True, kw_only=True):
    """The move of a torrent's files to another save path.

    Fields:
        save_path: the new save path.
        progress: the copied fraction of the bytes, 0..1. On the same file system nothing is copied.
    """

    save_path: str
    progress: float


class TorrentRow(msgspec.Struct, frozen=True, kw_only=True):
    """One torrent in the reply to `list_torrents`.

    Fields:
        name: the name that a client has chosen. By default, the name in the metadata. While the metadata is not known,
            it is the name in the source. The name may be empty.
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
        paused: whether a client or a seeding goal has paused the torrent. This is desired state; `state` is observed
            state.
        sequential: whether pieces are downloaded in order.
        download_limit_bps, upload_limit_bps: the desired limits; 0 means no limit.
        error: the message of the torrent's error, or null.
        added_us: when the torrent was accepted, microseconds since 1970.
        age_ms: the time since the engine's last report on this torrent; null if there was none.
        info_hash_v1, info_hash_v2: the torrent's info-hashes. Null if the torrent has no such info-hash, or if it is
            not known yet. A hybrid torrent has both, and clients can use either. While there is no metadata, these are
            the info-hashes in the magnet link.
        ratio: uploaded bytes divided by downloaded bytes. If less than a hundredth of `bytes_done` was downloaded, the
            torrent counts as added with its data. Then the divisor is `bytes_done`. Null if the divisor is 0.
        eta_s: the estimated seconds until the selected bytes are complete. The estimate uses the average rate of about
            the last half minute. Null while the torrent does not download, no data arrives, or the estimate exceeds 100
            days.
        completed_us: when the selected files last became complete, or when a check found them complete. Null if never.
        last_activity_us: when payload was last received or sent; null if never.
        active_s: for how long the torrent has been active since it was added. A torrent is active if an engine runs,
            and neither a pause nor an error stops the torrent.
        seeding_s: for how long of `active_s` all selected files were complete.
        hindrance: why the torrent makes no progress. Null if it makes progress, or if it is complete and nothing is
            wrong. The value is computed on each read. No event has this field.
        stalled_since_us: since when an incomplete torrent has received no data, in microseconds since 1970. A
            supervisor does not know the time before its own start. Null while data arrives, and for up to five seconds
            after that. No event has this field.
        engine: the slot of the torrent's engine, as in `engines` of `health`.
        moving: the move of the torrent's files that is in progress. Null if there is none, or if the move is being
            cancelled. During a move the torrent is in state `queued`. `save_path` changes when the move is complete.
        queue_position: the torrent's place in libtorrent's queue, from 0. Null if the torrent is not in the queue (see
            `update_options`), is paused, or is complete.
        category: the name of the torrent's category, or null. The only event with this field is `torrent_added`.
        goals: the seeding goals in force for the torrent. Null if it has none. No event has this field.
        content: the path of the torrent's only file, or of the root folder that has all of its files on disk. The path
            is relative to `save_path`. An absolute path begins with a slash. Empty if several files have no common root
            folder. Null while the files are not known. The path can differ from `name`: a file system does not accept
            every name, files can be renamed, and a client can choose another name.
        swarm_seeds, swarm_leeches: the numbers of seeds and of other peers in the swarm, as reported by the trackers.
            Null if no tracker has reported them.
        tracker: the URL of the tracker that answered last. If no tracker has answered, the URL of the first tracker.
            Null if no tracker is known. The URL is not redacted, and may have a passkey. If several trackers keep
            answering, the tracker that began to answer last is shown. No event has this field.
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
        include: globs. A selected file must match at least one of them. An empty list means all files.
        exclude: globs. A file that matches one of them is not selected.
        skip_fluff: samples, notes, links and the like are not selected.
        only: the file indices in the `so` of the magnet link (BEP 53: `0,2,5-7`). No other file is selected. Null means
            all files. Until a client gives `include`, this selection replaces `include`.
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
        metadata: for a magnet link, the number of wrong copies of the metadata.
        metadata_problem: why the last wrong copy was wrong. Null if there was no wrong copy.
        last_us: when the last failure was reported, microseconds since 1970. Null if the only report was about banned
            peers.
        banned_peers: the peers that libtorrent has banned from this torrent, as `address:port`, at most 20. libtorrent
            bans a peer that alone has sent a corrupt piece. It also bans a peer that sent a wrong block, once
            libtorrent has a right copy of the piece. These bans are stored in the torrent's fast-resume data.
            `list_bans` does not show them.
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
        priorities: priorities 0..7 by file index in decimal. They override the rules.
        trackers, web_seeds: URLs that clients gave in addition to those in the source.
        seed_mode: whether the client guaranteed that all data is on disk.
        files: the number of files, without padding files; null while the metadata is not known.
        piece_length: the size of a piece in bytes; null while the metadata is not known.
        revision: the number of accepted changes.
        applied_revision: the last revision that libtorrent confirmed. If it is less than `revision`, a change is
            pending.
        tracker_status: all trackers, including those in the source. The figures are from the last `list_trackers`. Null
            before the first `list_trackers`.
        bad_data: the data from peers that failed its hash check since the daemon started. Null if there was none.
        options: the options that clients have set (`update_options`).
        pieces: the number of pieces; null while the metadata is not known.
        private: whether the torrent is private (BEP 27). A private torrent gets peers only from its trackers. Null
            while the metadata is not known.
        comment: the comment in the .torrent file, cut after 1000 characters. Empty if there is none, or if the torrent
            was added by a magnet link.
        created_by: the name of the program that made the .torrent file, in the same form as `comment`.
        created_us: when the .torrent file was made, microseconds since 1970; null if the file does not say so.
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
        path: the file's path on disk, relative to the save path. It includes the torrent's root folder. Its separator
            is a slash.
        size: the file's size in bytes.
        priority: 0..7: 0 excludes the file, 4 is the default, 7 is downloaded first.
        bytes_done: the number of bytes that passed the hash check. 0 until an engine has reported it.
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
    """Uploaded divided by downloaded bytes. None if nothing was downloaded and there is no data.

    For a torrent that was added with its data, the divisor is `bytes_done`. A torrent counts as added with its data if
    less than a hundredth of `bytes_done` was downloaded. qBittorrent uses the same rule.
    """
    base = downloaded if downloaded * 100 >= bytes_done else bytes_done
    return uploaded / base if base else None
