"""The commands about torrents and their files."""

from typing import Annotated

import msgspec

from protocol.wire.codec import MAX_INTEGER
from protocol.wire.commands.kinds import (
    MAX_LABELS,
    MAX_PAGE,
    MAX_PEERS,
    MAX_URLS,
    CategoryName,
    Endpoint,
    EngineRead,
    Globs,
    InstantRead,
    Label,
    Mutation,
    PagedRead,
    PageSize,
    Priorities,
    SavePath,
    TorrentId,
    UploadId,
    Url,
    WebSeedUrl,
)
from protocol.wire.desired import DEFAULT_OPTIONS, Bps, ContentLayout, TorrentOptions
from protocol.wire.rows import TorrentState


class ListTorrents(PagedRead, frozen=True, kw_only=True, tag="list_torrents"):
    """Returns one page of the torrents, sorted by id.

    Fields:
        ids: only these torrents; unknown ids are ignored.
        fields: the names of the members to return, of the row or of the details (`get_torrent`); `torrent` is always
            included. Null means all members of the row.
        state: only torrents in this state.
        label: only torrents with this label.
        category: only torrents in the category of this name; an empty text means those without a category.
        cursor: the `cursor` of the previous page, which was requested with the same arguments; null for the first page.
            Opaque; it stays valid when torrents are added or removed.
        limit: the maximum number of rows in a page.
    """

    ids: list[TorrentId] | None = None
    fields: list[str] | None = None
    state: TorrentState | None = None
    label: str | None = None
    category: str | None = None
    cursor: str | None = None
    limit: PageSize = 1000


class GetTorrent(InstantRead, frozen=True, kw_only=True, tag="get_torrent"):
    """Returns one torrent: its row, and the rest of its desired state."""

    torrent: TorrentId


class ListFiles(EngineRead, frozen=True, kw_only=True, tag="list_files"):
    """Returns one page of a torrent's files, with their progress.

    Fields:
        cursor: the `cursor` of the previous page, which was requested with the same arguments; null for the first page.
            Opaque; it stays valid when torrents are added or removed.
        limit: the maximum number of files in a page.
    """

    cursor: str | None = None
    limit: PageSize = MAX_PAGE


class ListTrackers(EngineRead, frozen=True, kw_only=True, tag="list_trackers"):
    """Returns the trackers of a torrent by tier, including those in its source.

    The supervisor queries the engine for the figures, for at most half of the deadline. Without an answer it returns
    the figures that it received last.
    """


class AddTorrent(Mutation, frozen=True, kw_only=True, tag="add_torrent"):
    """Adds a torrent from exactly one of `magnet`, `metainfo` and `upload`.

    A torrent that exists already is not changed, and the reply has `duplicate`. A hybrid torrent exists already if a
    torrent with either of its info-hashes does. There are two exceptions: a torrent from a magnet link that has no
    metadata yet gets the metadata of an added .torrent file, and `merge` adds trackers and web seeds.

    libtorrent validates the source, so an engine is needed. If none is running for a moment, the command waits for the
    next one.

    Fields:
        magnet: a magnet link. Its `so` (BEP 53) selects files as `include` does, unless `include` is given. Its `dn`
            may be in any encoding.
        metainfo: the content of a .torrent file.
        upload: the id of an upload with the content of a .torrent file; see `upload_part`.
        save_path: an absolute path inside the download roots. By default that of the category, or the first root.
        paused: adds the torrent without starting it.
        sequential: downloads pieces in order rather than the rarest first.
        rules: as in `update_selection`.
        priorities: priorities 0..7: a list that begins with file 0, or a map with file indices in decimal as keys. They
            override the rules.
        download_bps, upload_bps: limits in bytes per second; 0 means no limit.
        trackers: URLs in addition to those in the source.
        web_seeds: URLs (BEP 19) in addition to those in the source.
        labels: any words, by which torrents can be filtered.
        seed_mode: the client guarantees that all data is on disk; a piece is checked when it is first uploaded.
        peers: `address:port`, with IPv6 addresses in brackets; tried now and after each restart.
        resume: resume data in libtorrent's format, as other clients store it (qBittorrent's `.fastresume`), together
            with a .torrent file. Used are its progress, the names of files, trackers, web seeds, peers and totals, but
            neither its save path nor its limits and flags. Pieces that it claims where the files have no data, and
            those on disk that it does not claim, are hashed first.
        content_layout: `original`: the files are in a folder if the torrent has one; `subfolder`: always; a torrent
            that is a single file gets a folder named like the file without its extension; `no_subfolder`: never; the
            torrent's root folder is left out. It never changes afterwards.
        merge: if the torrent exists already, adds the trackers and web seeds of this source and of the arguments to it.
            Not for private torrents (BEP 27). The reply's `merged` has the outcome.
        added_us: when the torrent was added, as the client knows it; by default now.
        category: the name of an existing category; null means none.
        options: the options that `update_options` sets. They are in force from the start. A torrent that is added
            `paused` stays paused with `force_start`, until `resume`.
        queue_position: the place in the queue, as `move_in_queue` counts: 0 is the first. Only with `auto_managed` and
            without `force_start`. By default the last.
    """

    class Rules(msgspec.Struct, frozen=True, kw_only=True):
        """The globs of a selection.

        Fields:
            include: globs, of which a selected file must match at least one; an empty list means all files.
            exclude: globs; a file that matches one of them is not selected.
            skip_fluff: do not select samples, notes, links and the like.
        """

        include: Globs = []
        exclude: Globs = []
        skip_fluff: bool = False

    magnet: Annotated[str, msgspec.Meta(max_length=65_536)] | None = None
    metainfo: bytes | None = None
    upload: UploadId | None = None
    save_path: SavePath | None = None
    paused: bool = False
    sequential: bool = False
    rules: Rules = Rules()
    priorities: Priorities = {}
    download_bps: Bps = 0
    upload_bps: Bps = 0
    trackers: Annotated[list[Url], msgspec.Meta(max_length=MAX_URLS)] = []
    web_seeds: Annotated[list[WebSeedUrl], msgspec.Meta(max_length=MAX_URLS)] = []
    labels: Annotated[list[Label], msgspec.Meta(max_length=MAX_LABELS)] = []
    seed_mode: bool = False
    peers: Annotated[list[Endpoint], msgspec.Meta(max_length=MAX_PEERS)] = []
    resume: bytes | None = None
    content_layout: ContentLayout = "original"
    merge: bool = False
    added_us: Annotated[int, msgspec.Meta(ge=0, le=MAX_INTEGER)] | None = None
    category: CategoryName | None = None
    options: TorrentOptions = DEFAULT_OPTIONS
    queue_position: Annotated[int, msgspec.Meta(ge=0, le=MAX_INTEGER)] | None = None


class RemoveTorrent(Mutation, frozen=True, kw_only=True, tag="remove_torrent"):
    """Removes a torrent, and deletes its files if requested.

    Fields:
        delete_files: also deletes the torrent's files. Files that another torrent uses are kept, and a `session_error`
            reports that.
    """

    torrent: TorrentId
    delete_files: bool = False


class PauseTorrent(Mutation, frozen=True, kw_only=True, tag="pause"):
    """Stops a torrent until `resume`, even across restarts."""

    torrent: TorrentId


class ResumeTorrent(Mutation, frozen=True, kw_only=True, tag="resume"):
    """Resumes a paused torrent, and retries one that is in state `error`."""

    torrent: TorrentId


class SetSequential(Mutation, frozen=True, kw_only=True, tag="set_sequential"):
    """Chooses whether pieces are downloaded in order, or the rarest first.

    Fields:
        sequential: true for in order, false for rarest first.
    """

    torrent: TorrentId
    sequential: bool


class UpdateLimits(Mutation, frozen=True, kw_only=True, tag="update_limits"):
    """Sets the rate limits of one torrent, or of the session if `torrent` is null.

    Limits apply to all peers, including those on the local network. An absent limit is not changed.

    Fields:
        torrent: the torrent's id; null means the session, that is, all torrents together.
        download_bps, upload_bps: bytes per second; 0 means no limit.
        alternative: switches the session's alternative limits, which the configuration has, on (true) or off (false);
            null lets the schedule decide. The switch stays as it is until it is changed, also after restarts.
    """

    torrent: TorrentId | None = None
    download_bps: Bps | msgspec.UnsetType = msgspec.UNSET
    upload_bps: Bps | msgspec.UnsetType = msgspec.UNSET
    alternative: bool | msgspec.UnsetType | None = msgspec.UNSET


class UpdateSelection(Mutation, frozen=True, kw_only=True, tag="update_selection"):
    """Chooses the files to download.

    Absent arguments are not changed. A glob without a slash matches the name of a file in any folder. A glob with a
    slash matches the path, with or without the torrent's root folder. `**` matches any number of folders; case is
    ignored. Globs apply to sanitized names, but before files of equal names are renamed: a file that is listed as
    `a.1.txt` is matched as `a.txt`. Explicit priorities apply to the file with that index. They override `exclude`,
    which overrides `include`.

    Fields:
        include: globs, of which a selected file must match at least one; an empty list means all files. If given,
            `include` replaces the selection by the `so` of a magnet link.
        exclude: globs; a file that matches one of them is not selected.
        skip_fluff: do not select samples, notes, links and the like.
        priorities: priorities 0..7: a list that begins with file 0, or a map with file indices in decimal as keys. They
            replace all earlier priorities. If the value is empty, only the rules apply.
    """

    torrent: TorrentId
    include: Globs | msgspec.UnsetType = msgspec.UNSET
    exclude: Globs | msgspec.UnsetType = msgspec.UNSET
    skip_fluff: bool | msgspec.UnsetType = msgspec.UNSET
    priorities: Priorities | msgspec.UnsetType = msgspec.UNSET


class Recheck(Mutation, frozen=True, kw_only=True, tag="recheck"):
    """Hashes all files of a torrent again; pieces that fail the check are downloaded again.

    The torrent is in state `checking` meanwhile, even if it is paused; it stays paused afterwards. A torrent in state
    `error` is retried. With `"wait": "applied"` the command is answered once libtorrent has begun to hash. If the
    engine dies during the recheck, the next engine starts it again.
    """

    torrent: TorrentId


class AddPeers(Mutation, frozen=True, kw_only=True, tag="add_peers"):
    """Connects a torrent to peers, now and after each restart.

    Fields:
        peers: `address:port`, with IPv6 addresses in brackets.
    """

    torrent: TorrentId
    peers: Annotated[list[Endpoint], msgspec.Meta(min_length=1, max_length=MAX_PEERS)]


class ReleaseTorrent(Mutation, frozen=True, kw_only=True, tag="release_torrent"):
    """Releases a torrent from quarantine, so that it is loaded again.

    A torrent that is not in quarantine is not changed. Other mutations of a torrent in quarantine become durable at
    once, but take effect only when the torrent is released. With `"wait": "applied"` they are answered with
    `quarantined`.
    """

    torrent: TorrentId
