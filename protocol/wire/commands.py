"""The public commands: one Struct a verb, its fields are the arguments, its tag is the `op`.

The docstring of each says what it does and what its arguments mean; its base class says of which kind it is. Its row in
`protocol.wire.operations` makes it known, and has its result and its errors.
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
"""Priorities by file index: a list from index 0 on, or a map from the index in decimal."""


class Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="op"):
    """What all commands share: they are values, and their tag is the op. Each is of one of the kinds below."""


class Mutation(Command, frozen=True, kw_only=True):
    """Changes something: durable before it is answered; a repeat under its id is not carried out again."""


class Read(Command, frozen=True, kw_only=True):
    """Changes nothing, and is answered with or without an engine."""


class InstantRead(Read, frozen=True, kw_only=True):
    """Answered from memory in the turn of the loop in which it came."""


class PagedRead(Read, frozen=True, kw_only=True):
    """Answered from memory, in steps between which other clients have their turn."""


class EngineRead(PagedRead, frozen=True, kw_only=True):
    """A page about one torrent, for which the engine is asked first; without an answer, what is cached will do."""

    torrent: TorrentId


class DiskRead(Read, frozen=True, kw_only=True):
    """Answered from a disk, which may hang."""


class Hello(InstantRead, frozen=True, kw_only=True, tag="hello"):
    """The server's name, versions and limits."""


class Ping(InstantRead, frozen=True, kw_only=True, tag="ping"):
    """A round trip through the supervisor's loop."""


class Health(InstantRead, frozen=True, kw_only=True, tag="health"):
    """The health of the service."""


class Stats(InstantRead, frozen=True, kw_only=True, tag="stats"):
    """Totals and rates of the session and of both processes."""


class Snapshot(PagedRead, frozen=True, kw_only=True, tag="snapshot"):
    """All observed state, a page at a time: subscribe first, then page until `cursor` is null.

    Each page is true at its own reply's `seq`; `health` and `settings` are on every page.

    Fields:
        cursor: the `cursor` of the page before, with the same arguments; null for the first page. Opaque; it stays good
            when torrents come and go.
        limit: rows a page, at the most.
    """

    cursor: str | None = None
    limit: PageSize = 1000


class ListTorrents(PagedRead, frozen=True, kw_only=True, tag="list_torrents"):
    """The torrents, in the order of their ids, a page at a time.

    Fields:
        ids: only these; unknown ones are ignored.
        fields: names of the row's members to give; `torrent` is always there. Null is all of them.
        state: only torrents in this state.
        label: only torrents with this label.
        cursor: the `cursor` of the page before, with the same arguments; null for the first page. Opaque; it stays good
            when torrents come and go.
        limit: rows a page, at the most.
    """

    ids: list[TorrentId] | None = None
    fields: list[str] | None = None
    state: TorrentState | None = None
    label: str | None = None
    cursor: str | None = None
    limit: PageSize = 1000


class GetTorrent(InstantRead, frozen=True, kw_only=True, tag="get_torrent"):
    """One torrent: its row, and the rest of its desired state."""

    torrent: TorrentId


class ListFiles(EngineRead, frozen=True, kw_only=True, tag="list_files"):
    """The files of a torrent, with progress, a page at a time.

    Fields:
        cursor: the `cursor` of the page before, with the same arguments; null for the first page. Opaque; it stays good
            when torrents come and go.
        limit: files a page, at the most.
    """

    cursor: str | None = None
    limit: PageSize = MAX_PAGE


class ListTrackers(EngineRead, frozen=True, kw_only=True, tag="list_trackers"):
    """The trackers of a torrent, the source's own too, by tier.

    The engine is asked for the numbers, for up to half of the deadline; without one they are as they were told last.
    """


class Replay(PagedRead, frozen=True, kw_only=True, tag="replay"):
    """The lifecycle events after `after_seq`, in order and without a gap; ask again until `head` is reached.

    Fields:
        epoch: the numbering that `after_seq` is of.
        after_seq: the last event that is not wanted.
        limit: events in the reply, at the most; fewer come where they are large.
    """

    epoch: str
    after_seq: Annotated[int, msgspec.Meta(ge=0)]
    limit: PageSize = 1000


class ListCrashes(DiskRead, frozen=True, kw_only=True, tag="list_crashes"):
    """Crash reports of engines, the latest first.

    Read from disk, by a thread. Their number is bounded; the oldest are evicted first.
    """


class GetCrash(DiskRead, frozen=True, kw_only=True, tag="get_crash"):
    """One crash report.

    Fields:
        name: from `list_crashes`.
    """

    name: CrashName


class ListDamaged(DiskRead, frozen=True, kw_only=True, tag="list_damaged"):
    """The damaged files that were put aside, and whether each can be restored now.

    Read from disk, by a thread.
    """


class AddTorrent(Mutation, frozen=True, kw_only=True, tag="add_torrent"):
    """Adds a torrent from exactly one of `magnet` and `metainfo`.

    A torrent that is already there is left as it is, and `duplicate` says so; a hybrid torrent is there if either of
    its info-hashes is. Only a magnet link that has no metadata yet gets that of a .torrent file.

    The source is judged by libtorrent, so an engine is needed; where there is none for a moment, the command waits for
    the next one.

    Fields:
        magnet: a magnet link. Its `so` (BEP 53) selects files as `include` does, unless that is given; its `dn` may be
            in any encoding.
        metainfo: the bytes of a .torrent file.
        save_path: absolute, inside the download roots; the first root by default.
        paused: adds it without starting it.
        sequential: downloads pieces in order rather than the rarest first.
        rules: as in `update_selection`.
        priorities: 0..7 by file index, a list from index 0 on or a map from the index in decimal; they beat the rules.
        download_bps, upload_bps: limits in bytes per second, 0 is no limit.
        trackers: URLs beside the source's own.
        web_seeds: URLs beside the source's own (BEP 19).
        labels: any words, to find torrents by.
        seed_mode: the client vouches that all data is there; a piece is checked when it is first uploaded.
        peers: `address:port`, IPv6 addresses in brackets; tried now and after each restart.
    """

    class Rules(msgspec.Struct, frozen=True, kw_only=True):
        """The part of a selection that goes by globs.

        Fields:
            include: globs; a file must match one of them; an empty list is all files.
            exclude: globs; a file that matches one is left out.
            skip_fluff: leave out samples, notes, links and the like.
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
        delete_files: deletes them, too. Files that another torrent uses stay, and a `session_error` reports it.
    """

    torrent: TorrentId
    delete_files: bool = False


class PauseTorrent(Mutation, frozen=True, kw_only=True, tag="pause"):
    """Stops a torrent until `resume`, across restarts too."""

    torrent: TorrentId


class ResumeTorrent(Mutation, frozen=True, kw_only=True, tag="resume"):
    """Resumes a paused torrent, and retries one that is in state `error`."""

    torrent: TorrentId


class SetSequential(Mutation, frozen=True, kw_only=True, tag="set_sequential"):
    """Downloads pieces in order, or the rarest first.

    Fields:
        sequential: in order.
    """

    torrent: TorrentId
    sequential: bool


class UpdateLimits(Mutation, frozen=True, kw_only=True, tag="update_limits"):
    """Sets rate limits of one torrent, or of the session without `torrent`.

    Limits apply to all peers, those on the local network too. An absent limit stays; with neither, nothing changes.

    Fields:
        torrent: null is the session: all torrents together.
        download_bps, upload_bps: bytes per second, 0 is no limit.
    """

    torrent: TorrentId | None = None
    download_bps: Bps | msgspec.UnsetType = msgspec.UNSET
    upload_bps: Bps | msgspec.UnsetType = msgspec.UNSET


class UpdateSelection(Mutation, frozen=True, kw_only=True, tag="update_selection"):
    """Chooses the files to download.

    What is left out stays. A glob without a slash matches a file's name in any folder; with one, its path, with or
    without the torrent's root folder; `**` crosses folders and case does not matter. The names are the torrent's as a
    disk takes them, before files of one name are told apart: what is listed as `a.1.txt` is matched as `a.txt`.
    Explicit priorities, which go by the listed index, beat `exclude`, which beats `include`.

    Fields:
        include: globs; a file must match one of them; an empty list is all files. Given, it ends what the `so` of a
            magnet link selected.
        exclude: globs; a file that matches one is left out.
        skip_fluff: leave out samples, notes, links and the like.
        priorities: 0..7 by file index, a list from index 0 on or a map from the index in decimal, in place of all that
            were given before; an empty one gives the files back to the rules.
    """

    torrent: TorrentId
    include: Globs | msgspec.UnsetType = msgspec.UNSET
    exclude: Globs | msgspec.UnsetType = msgspec.UNSET
    skip_fluff: bool | msgspec.UnsetType = msgspec.UNSET
    priorities: Priorities | msgspec.UnsetType = msgspec.UNSET


class Recheck(Mutation, frozen=True, kw_only=True, tag="recheck"):
    """Has the files of a torrent hashed again, all of them; what is not as it should be is fetched again.

    The torrent is in state `checking` meanwhile, also a paused one, which stands still again afterwards. One that is in
    state `error` is tried again. With `"wait": "applied"` it is answered once libtorrent has begun. An engine that dies
    on the way has the next one begin anew.
    """

    torrent: TorrentId


class AddPeers(Mutation, frozen=True, kw_only=True, tag="add_peers"):
    """Connects a torrent to peers, now and after each restart.

    Fields:
        peers: `address:port`, IPv6 addresses in brackets.
    """

    torrent: TorrentId
    peers: Annotated[list[Endpoint], msgspec.Meta(min_length=1, max_length=MAX_PEERS)]


class ReleaseTorrent(Mutation, frozen=True, kw_only=True, tag="release_torrent"):
    """Releases a torrent from quarantine, so that it is loaded again.

    One that is not in quarantine is left as it is. Other mutations of a torrent in quarantine are durable at once and
    take effect when it is released; with `"wait": "applied"` they are answered with `quarantined`.
    """

    torrent: TorrentId


class RestoreDamaged(Mutation, frozen=True, kw_only=True, tag="restore_damaged"):
    """Restores a file that was put aside, once its content is valid: its torrent is then loaded again.

    With a torrent's record, its metainfo and resume data are given back where they lie beside it and are whole. Nothing
    that is in force is replaced. A torrent that was being removed when its record was put aside is not removed.

    Fields:
        name: from `list_damaged`.
    """

    name: DamagedName
