"""The public commands: one Struct for each. Its fields are the arguments, its tag is the `op`.

The docstring of a command says what it does and what its arguments mean. Its base class is the kind of command. Its row
in `protocol.wire.operations` registers the command, with its result and errors.
"""

from typing import Annotated, Final

import msgspec

from protocol.text import patterns
from protocol.wire.crashes import CrashName
from protocol.wire.desired import GLOBS_MAX, Bps, FilePriority, Glob
from protocol.wire.rows import TorrentState

MAX_PAGE: Final = 10_000

TorrentId = Annotated[str, msgspec.Meta(pattern=patterns.TORRENT_ID)]
PageSize = Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE)]
Url = Annotated[str, msgspec.Meta(pattern=patterns.URL, max_length=4096)]
WebSeedUrl = Annotated[str, msgspec.Meta(pattern=patterns.WEB_SEED_URL, max_length=4096)]
MAX_URLS: Final = 1000
MAX_LABELS: Final = 100
MAX_PEERS: Final = 200
SavePath = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
Label = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
DamagedName = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Endpoint = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Globs = Annotated[list[Glob], msgspec.Meta(max_length=GLOBS_MAX)]
Priorities = (
    Annotated[list[FilePriority], msgspec.Meta(max_length=100_000)]
    | dict[Annotated[str, msgspec.Meta(pattern=patterns.FILE_INDEX)], FilePriority]
)
"""File priorities: a list that begins with file 0, or a map with file indices in decimal as keys."""


class Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="op"):
    """The base of all commands. They are immutable, and their tag is the op. Each belongs to one of the kinds below."""


class Mutation(Command, frozen=True, kw_only=True):
    """Changes state. It is durable before it is answered; a repeated request with the same id is not executed again."""


class Read(Command, frozen=True, kw_only=True):
    """Changes nothing, and is answered even while no engine runs."""


class InstantRead(Read, frozen=True, kw_only=True):
    """Answered from memory, in the same iteration of the event loop in which it arrives."""


class PagedRead(Read, frozen=True, kw_only=True):
    """Answered from memory, in steps between which requests of other clients are handled."""


class EngineRead(PagedRead, frozen=True, kw_only=True):
    """A page about one torrent.

    The supervisor queries the engine first; without an answer it replies from its cache.
    """

    torrent: TorrentId


class DiskRead(Read, frozen=True, kw_only=True):
    """Answered from a disk, whose accesses may hang."""


class Hello(InstantRead, frozen=True, kw_only=True, tag="hello"):
    """Returns the server's name, versions and limits."""


class Ping(InstantRead, frozen=True, kw_only=True, tag="ping"):
    """Tests a round trip through the supervisor's loop."""


class Health(InstantRead, frozen=True, kw_only=True, tag="health"):
    """Returns the health of the service."""


class Stats(InstantRead, frozen=True, kw_only=True, tag="stats"):
    """Returns totals and rates of the session and of both processes."""


class Snapshot(PagedRead, frozen=True, kw_only=True, tag="snapshot"):
    """Returns one page of all observed state. Subscribe first, then request pages until `cursor` is null.

    Each page shows the state at its own reply's `seq`. Every page has `health` and `settings`.

    Fields:
        cursor: the `cursor` of the previous page, which was requested with the same arguments; null for the first page.
            Opaque; it stays valid when torrents are added or removed.
        limit: the maximum number of rows in a page.
    """

    cursor: str | None = None
    limit: PageSize = 1000


class ListTorrents(PagedRead, frozen=True, kw_only=True, tag="list_torrents"):
    """Returns one page of the torrents, sorted by id.

    Fields:
        ids: only these torrents; unknown ids are ignored.
        fields: the names of the row's members to return; `torrent` is always included. Null means all members.
        state: only torrents in this state.
        label: only torrents with this label.
        cursor: the `cursor` of the previous page, which was requested with the same arguments; null for the first page.
            Opaque; it stays valid when torrents are added or removed.
        limit: the maximum number of rows in a page.
    """

    ids: list[TorrentId] | None = None
    fields: list[str] | None = None
    state: TorrentState | None = None
    label: str | None = None
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


class Replay(PagedRead, frozen=True, kw_only=True, tag="replay"):
    """Returns the lifecycle events after `after_seq`, in order and without a gap. Repeat it until `head` is reached.

    Fields:
        epoch: the epoch of `after_seq`.
        after_seq: the number of the event before the first one to return.
        limit: the maximum number of events in the reply; large events may reduce it.
    """

    epoch: str
    after_seq: Annotated[int, msgspec.Meta(ge=0)]
    limit: PageSize = 1000


class ListCrashes(DiskRead, frozen=True, kw_only=True, tag="list_crashes"):
    """Returns the crash reports of engines, the latest first.

    A thread reads the reports from disk. Their number is bounded; the oldest reports are evicted first.
    """


class GetCrash(DiskRead, frozen=True, kw_only=True, tag="get_crash"):
    """Returns one crash report.

    Fields:
        name: a name in the reply to `list_crashes`.
    """

    name: CrashName


class ListDamaged(DiskRead, frozen=True, kw_only=True, tag="list_damaged"):
    """Returns the damaged files that were put aside, and whether each can be restored now.

    A thread reads the files from disk.
    """


class AddTorrent(Mutation, frozen=True, kw_only=True, tag="add_torrent"):
    """Adds a torrent from exactly one of `magnet` and `metainfo`.

    A torrent that exists already is not changed, and the reply has `duplicate`. A hybrid torrent exists already if a
    torrent with either of its info-hashes does. One exception: a torrent from a magnet link that has no metadata yet
    gets the metadata of an added .torrent file.

    libtorrent validates the source, so an engine is needed. If none is running for a moment, the command waits for the
    next one.

    Fields:
        magnet: a magnet link. Its `so` (BEP 53) selects files as `include` does, unless `include` is given. Its `dn`
            may be in any encoding.
        metainfo: the content of a .torrent file.
        save_path: an absolute path inside the download roots; the first root by default.
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
    """

    torrent: TorrentId | None = None
    download_bps: Bps | msgspec.UnsetType = msgspec.UNSET
    upload_bps: Bps | msgspec.UnsetType = msgspec.UNSET


class UpdateSelection(Mutation, frozen=True, kw_only=True, tag="update_selection"):
    """Chooses the files to download.

    Absent arguments are not changed. A glob without a slash matches the name of a file in any folder. A glob with a
    slash matches the path, with or without the torrent's root folder. `**` matches any number of folders; case is
    ignored. Globs apply to sanitized names, but before files of equal names are renamed: a file that is listed as
    `a.1.txt` is matched as `a.txt`. Explicit priorities apply to the file with that index. They override `exclude`,
    which overrides `include`.

    Fields:
        include: globs, of which a selected file must match at least one; an empty list means all files. If given, it
            replaces the selection by the `so` of a magnet link.
        exclude: globs; a file that matches one of them is not selected.
        skip_fluff: do not select samples, notes, links and the like.
        priorities: priorities 0..7: a list that begins with file 0, or a map with file indices in decimal as keys. They
            replace all earlier priorities; with an empty value only the rules apply.
    """

    torrent: TorrentId
    include: Globs | msgspec.UnsetType = msgspec.UNSET
    exclude: Globs | msgspec.UnsetType = msgspec.UNSET
    skip_fluff: bool | msgspec.UnsetType = msgspec.UNSET
    priorities: Priorities | msgspec.UnsetType = msgspec.UNSET


class Recheck(Mutation, frozen=True, kw_only=True, tag="recheck"):
    """Hashes all files of a torrent again; pieces that fail the check are downloaded again.

    The torrent is in state `checking` meanwhile, even if it is paused; it stays paused afterwards. A torrent in state
    `error` is retried. With `"wait": "applied"` the command is answered once libtorrent has begun. If the engine dies
    during the recheck, the next engine starts it again.
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


class RestoreDamaged(Mutation, frozen=True, kw_only=True, tag="restore_damaged"):
    """Restores a damaged file that was put aside, once its content is valid. Its torrent is then loaded again.

    With a torrent's record, its metainfo and resume data are restored if they were put aside, too, and are valid. No
    file that is in use is replaced. If the torrent was being removed when its record was put aside, the removal is not
    continued.

    Fields:
        name: a name in the reply to `list_damaged`.
    """

    name: DamagedName
