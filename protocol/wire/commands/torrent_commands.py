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
from protocol.wire.session.desired_session import FromFile, Schedule


class ListTorrents(PagedRead, frozen=True, kw_only=True, tag="list_torrents"):
    """Returns one page of the torrents, sorted by id.

    Fields:
        ids: return only these torrents. Unknown ids are ignored.
        fields: the names of the members to return, of the row or of the details (`get_torrent`). The reply always has
            `torrent`. Null means all members of the row.
        state: return only torrents in this state.
        label: return only torrents with this label.
        category: return only torrents in the category of this name. An empty text selects torrents without a category.
        cursor: the `cursor` of the previous page; null for the first page. The other arguments must be the same as for
            the previous page. The text is opaque. It stays valid when torrents are added or removed.
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
        cursor: the `cursor` of the previous page; null for the first page. The other arguments must be the same as for
            the previous page. The text is opaque. It stays valid when torrents are added or removed.
        limit: the maximum number of files in a page.
    """

    cursor: str | None = None
    limit: PageSize = MAX_PAGE


class ListTrackers(EngineRead, frozen=True, kw_only=True, tag="list_trackers"):
    """Returns the trackers of a torrent by tier, including those in its source.

    The supervisor queries the engine for the figures, and waits for at most half of the deadline. Without an answer it
    returns the figures that it received last.
    """


class AddTorrent(Mutation, frozen=True, kw_only=True, tag="add_torrent"):
    """Adds a torrent from exactly one of `magnet`, `metainfo` and `upload`.

    A torrent that exists already is not changed, and the reply has `duplicate`. A hybrid torrent exists already if a
    torrent with one of its info-hashes exists. There are two exceptions. If the existing torrent has no metadata yet,
    it gets the metadata of an added .torrent file. If `merge` is true, it gets trackers and web seeds.

    libtorrent validates the source, so an engine is needed. If no engine is running for a moment, the command waits for
    the next engine.

    Fields:
        magnet: a magnet link. If `include` is absent, the link's `so` (BEP 53) selects the files. The link's `dn` may
            be in any encoding.
        metainfo: the content of a .torrent file.
        upload: the id of an upload with the content of a .torrent file. See `upload_part`.
        save_path: an absolute path inside the download roots. The default is the save path of the category, or the
            first root.
        paused: adds the torrent without starting it.
        sequential: downloads pieces in order. The default is the rarest piece first.
        rules: the rules that `update_selection` sets.
        priorities: priorities 0..7, as a list that begins with file 0, or as a map. The keys of the map are file
            indices in decimal. Priorities override the rules.
        download_bps, upload_bps: limits in bytes per second; 0 means no limit.
        trackers: URLs in addition to those in the source.
        web_seeds: URLs (BEP 19) in addition to those in the source.
        labels: any words. `list_torrents` can filter by them.
        seed_mode: the client guarantees that all data is on disk. Each piece is checked when it is first uploaded.
        peers: `address:port`, with IPv6 addresses in brackets. libtorrent connects to these peers now and after each
            restart.
        resume: resume data in libtorrent's format, together with a .torrent file. Other clients store such data, for
            example qBittorrent's `.fastresume`. Its progress, names of files, trackers, web seeds, peers and totals are
            used. Its save path, limits and flags are ignored. If its progress and the data on disk differ, the pieces
            in question are hashed first.
        content_layout: whether the files are in a folder; it never changes afterwards. `original`: the files are in a
            folder if the torrent has one. `subfolder`: the files are always in a folder; the folder of a single file
            has the file's name without extension. `no_subfolder`: the torrent's root folder is left out.
        merge: if the torrent exists already, adds the trackers and web seeds of this source and these arguments to it.
            Private torrents (BEP 27) are not changed. The reply's `merged` has the outcome.
        added_us: when the torrent was added, according to the client. The default is now.
        category: the name of an existing category; null means none.
        options: the options that `update_options` sets. They are in force from the start. A torrent that is added
            `paused` stays paused until `resume`, even with `force_start`.
        queue_position: the place in the queue; 0 is the first. Allowed only with `auto_managed` and without
            `force_start`. The default is the last place.
    """

    class Rules(msgspec.Struct, frozen=True, kw_only=True):
        """The globs of a selection.

        Fields:
            include: globs. A selected file must match at least one of them. An empty list means all files.
            exclude: globs. A file that matches one of them is not selected.
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
        delete_files: also deletes the torrent's files. Files that another torrent uses are kept. A `session_error`
            reports these files.
    """

    torrent: TorrentId
    delete_files: bool = False


class PauseTorrent(Mutation, frozen=True, kw_only=True, tag="pause"):
    """Stops a torrent until `resume`, even across restarts."""

    torrent: TorrentId


class ResumeTorrent(Mutation, frozen=True, kw_only=True, tag="resume"):
    """Resumes a paused torrent, and retries a torrent in state `error`."""

    torrent: TorrentId


class SetSequential(Mutation, frozen=True, kw_only=True, tag="set_sequential"):
    """Chooses the order of downloaded pieces: from first to last, or the rarest first.

    Fields:
        sequential: true for first to last, false for rarest first.
    """

    torrent: TorrentId
    sequential: bool


class AlternativeChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of the session's alternative limits. Absent fields are not changed.

    A client's values override `[limits.alternative]` and `[[limits.schedule]]` in the configuration, also after
    restarts. The value `file` removes the client's value, so that the configured value applies again. If only one limit
    is set by a client or configured, the other limit is 0.

    Fields:
        download_bps, upload_bps: bytes per second; 0 means no limit.
        schedule: the times at which the limits are in force. The list replaces the whole schedule. An empty list means
            never.
    """

    download_bps: Bps | FromFile | msgspec.UnsetType = msgspec.UNSET
    upload_bps: Bps | FromFile | msgspec.UnsetType = msgspec.UNSET
    schedule: Schedule | FromFile | msgspec.UnsetType = msgspec.UNSET


class UpdateLimits(Mutation, frozen=True, kw_only=True, tag="update_limits"):
    """Sets the rate limits of one torrent, or of the session if `torrent` is null.

    Limits apply to all peers, including those on the local network. An absent limit is not changed.

    Fields:
        torrent: the torrent's id. Null means the session: all torrents together.
        download_bps, upload_bps: bytes per second; 0 means no limit.
        alternative: switches the session's alternative limits on (true) or off (false). Null lets the schedule decide.
            The switch keeps its state until a client changes it, also after restarts.
        alternative_limits: sets the session's alternative limits and their schedule.
    """

    torrent: TorrentId | None = None
    download_bps: Bps | msgspec.UnsetType = msgspec.UNSET
    upload_bps: Bps | msgspec.UnsetType = msgspec.UNSET
    alternative: bool | msgspec.UnsetType | None = msgspec.UNSET
    alternative_limits: AlternativeChange | msgspec.UnsetType = msgspec.UNSET


class UpdateSelection(Mutation, frozen=True, kw_only=True, tag="update_selection"):
    """Chooses the files to download.

    Absent arguments are not changed. A glob without a slash matches the name of a file in any folder. A glob with a
    slash matches the path, with or without the torrent's root folder. `**` matches any number of folders. Case is
    ignored. Globs apply to sanitized names before files of equal names are renamed. So a file that is listed as
    `a.1.txt` is matched as `a.txt`. Explicit priorities apply to the file with that index. They override `exclude`, and
    `exclude` overrides `include`.

    Fields:
        include: globs. A selected file must match at least one of them. An empty list means all files. If given,
            `include` replaces the selection by the `so` of a magnet link.
        exclude: globs. A file that matches one of them is not selected.
        skip_fluff: do not select samples, notes, links and the like.
        priorities: priorities 0..7, as a list that begins with file 0, or as a map. The keys of the map are file
            indices in decimal. The new priorities replace all earlier priorities. If the value is empty, only the rules
            apply.
    """

    torrent: TorrentId
    include: Globs | msgspec.UnsetType = msgspec.UNSET
    exclude: Globs | msgspec.UnsetType = msgspec.UNSET
    skip_fluff: bool | msgspec.UnsetType = msgspec.UNSET
    priorities: Priorities | msgspec.UnsetType = msgspec.UNSET


class Recheck(Mutation, frozen=True, kw_only=True, tag="recheck"):
    """Hashes all files of a torrent again. Pieces that fail the check are downloaded again.

    During the recheck the torrent is in state `checking`, even if it is paused. A paused torrent stays paused
    afterwards. A torrent in state `error` is retried. With `"wait": "applied"` the command is answered once libtorrent
    has begun to hash. If the engine dies during the recheck, the next engine starts the recheck again.
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
    """Releases a torrent from quarantine. The engine then loads it again.

    A torrent that is not in quarantine is not changed. Other mutations of a torrent in quarantine become durable at
    once. They take effect when the torrent is released. With `"wait": "applied"` they are answered with `quarantined`.
    """

    torrent: TorrentId
