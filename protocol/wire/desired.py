"""Desired state: what clients requested. The supervisor stores it, and the engine applies it.

`<id>.json` in the resume directory holds a `DesiredTorrent`. So fields are only ever added, each with a default.
"""

import sys
from collections.abc import Iterable
from typing import Annotated, ClassVar, Final, Literal

import msgspec

from protocol.text import patterns
from protocol.wire.goals import Global, GoalAction, InactiveGoal, RatioGoal, ReachedGoals, TimeGoal
from protocol.wire.metadata import KnownMetadata

LIMIT_MAX_BPS: Final = 2**31 - 2
"""The largest limit. libtorrent's limits are 32-bit integers, and the largest integer means no limit."""

Bps = Annotated[int, msgspec.Meta(ge=0, le=LIMIT_MAX_BPS)]
"""Bytes per second; 0 means no limit."""

SettingValue = int | str | bool
"""The value of a setting of libtorrent. Numbers are 32-bit integers."""

OwnLimit = Annotated[int, msgspec.Meta(ge=0, le=2**24 - 2)]
"""A limit of one torrent. 0 means no limit, and 1 is refused.

libtorrent stores such a limit in 24 bits. The largest number means no limit, and numbers below 2 are refused.
"""

DisplayName = Annotated[str, msgspec.Meta(max_length=255)]
"""The name of a torrent that a client has chosen."""

FilePriority = Annotated[int, msgspec.Meta(ge=0, le=7)]
"""libtorrent's download priority of a file. 0 excludes the file, 4 is the default, 7 is downloaded first."""

Glob = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
GLOBS_MAX: Final = 1000
"""The maximum number of globs of each kind of a torrent."""

RULES_MAX: Final = 65_536
"""The maximum total length of a torrent's globs."""

RULES_PATIENCE_S: Final = 60.0
"""The limit of CPU time for the evaluation of one torrent's globs, in seconds."""

ADDRESSES_MAX: Final = 10_000
"""The maximum number of trackers, of web seeds and of peers of a torrent. With 100,000, libtorrent needs seconds."""

BANS_MAX: Final = 10_000
"""The maximum number of banned addresses. The engine gets all of them when the session's settings change."""

CATEGORIES_MAX: Final = 1000
"""The maximum number of categories. A change of one category writes all of them."""

GROUPS_MAX: Final = 1000
"""The maximum number of bandwidth groups. A change of one group writes all of them."""

GROUP_LIMIT_MIN: Final = 1000
"""The least limit of a bandwidth group, in bytes per second. With less, the group's torrents could not start."""

GroupName = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]

TIER_MAX: Final = 255
"""The last tier (BEP 12). libtorrent stores a tier in 8 bits. Its binding raises an error for larger numbers."""

Tier = Annotated[int, msgspec.Meta(ge=0, le=TIER_MAX)]
"""The trackers of a tier are used only if all trackers of lower tiers fail."""

ContentLayout = Literal["original", "subfolder", "no_subfolder"]
"""Whether a torrent's files are in a folder: as in the torrent, always, or never."""

Indices = Annotated[str, msgspec.Meta(pattern=patterns.FILE_INDICES, max_length=65_536)]
"""File indices in the form of BEP 53, such as `0,2,5-7`."""


class Selection(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The rules and priorities that select a torrent's files. A magnet link has rules before its files are known.

    Fields:
        include: globs. A selected file must match at least one of them. An empty list means all files.
        exclude: globs. A file that matches one of them is not selected.
        skip_fluff: do not select samples, notes, links and the like (see `engine_proc.files.selection`).
        only: the file indices in a magnet link's `so` (BEP 53: `0,2,5-7`), in order and without overlaps. No other file
            is selected. None means all files.
        priorities: priorities by file index in decimal. They override the rules.
    """

    include: tuple[Glob, ...] = ()
    exclude: tuple[Glob, ...] = ()
    skip_fluff: bool = False
    priorities: dict[str, FilePriority] = {}
    only: Indices | None = None


class TrackerEdits(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The changes that clients made to a torrent's list of trackers.

    A record has the changes, not the list, because only an engine can parse the source for its trackers. The changes
    also apply to older resume data. Applying them again changes nothing.

    Fields:
        replaced: whether only the trackers in `added` are used.
        added: URLs of trackers, each with its tier. These tiers override the tiers of trackers that the torrent has.
        removed: URLs of trackers that are not used, although the source or resume data may have them.
    """

    replaced: bool = False
    added: tuple[tuple[str, Tier], ...] = ()
    removed: tuple[str, ...] = ()

    def apply(self, trackers: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
        """Returns a changed list of trackers with their tiers, sorted by tier."""
        changed = {url for url, _ in self.added}.union(self.removed)
        kept = () if self.replaced else (each for each in trackers if each[0] not in changed)
        return sorted([*kept, *self.added], key=_tier)

    def replace(self, trackers: Iterable[tuple[str, int]]) -> "TrackerEdits":
        """Returns the change that replaces the whole list."""
        return TrackerEdits(replaced=True, added=tuple(trackers))

    def remove(self, urls: Iterable[str]) -> "TrackerEdits":
        """Returns these changes, together with the removal of trackers."""
        gone = dict.fromkeys(urls)
        added = tuple(each for each in self.added if each[0] not in gone)
        return TrackerEdits(replaced=self.replaced, added=added, removed=tuple(dict.fromkeys([*self.removed, *gone])))

    def add(self, trackers: Iterable[tuple[str, int]]) -> "TrackerEdits":
        """Returns these changes, together with the addition of trackers. A known tracker gets the new tier."""
        added = {**dict(self.added), **dict(trackers)}
        removed = tuple(url for url in self.removed if url not in added)
        return TrackerEdits(replaced=self.replaced, added=tuple(added.items()), removed=removed)

    def merge(self, other: "TrackerEdits") -> "TrackerEdits":
        """Returns the changes for two merged records.

        If the changes contradict each other, the changes in `self` count.
        """
        added = dict(self.added)
        added |= {url: tier for url, tier in other.added if url not in added and url not in self.removed}
        removed = dict.fromkeys([*self.removed, *(url for url in other.removed if url not in added)])
        replaced = self.replaced or other.replaced
        return TrackerEdits(replaced=replaced, added=tuple(added.items()), removed=tuple(removed))


class Category(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A category of torrents. Its name is its key in `DesiredSession.categories`.

    Fields:
        key: the text by which torrents' records refer to the category. A later category of the same name has another
            key. So a single write removes a category from all its torrents.
        save_path: the directory for torrents that are added without a save path. None means the first root.
    """

    key: str
    save_path: str | None = None


class BandwidthGroup(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A bandwidth group. Its name is its key in `DesiredSession.groups`.

    Fields:
        key: the text by which torrents' records refer to the group, as for categories.
        download_bps, upload_bps: limits for all torrents of the group together; 0 means no limit.
    """

    key: str
    download_bps: Bps = 0
    upload_bps: Bps = 0


class Quarantine(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Why a torrent is in quarantine.

    Fields:
        reason: a sentence for people, with the remedy.
        since_us: when the quarantine began, microseconds since 1970.
        crash_report: the name of the report on the crash that led to the quarantine; None if there is none.
    """

    reason: str
    since_us: int
    crash_report: str | None = None


class StorageMove(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An incomplete move of a torrent's files to another save path or to other names.

    Fields:
        save_path: the new save path. If only names change, it is the present save path.
        mount_point: the mount point that `save_path` was on when the move was accepted.
        made: the topmost directory of `save_path` that did not exist before the move; None if all directories existed.
        renames: the new paths of files by file index, as in `DesiredTorrent`.
        phase: `copying`: the files are being copied, and are unchanged. `placing`: all files are copied. The copies get
            their names, then the originals are deleted. `undoing`: the move was cancelled, and the copies are deleted.
            `relocating`: the files are at the new save path already, and no file is moved or deleted.
        doubted: the indices of files that may not be the same at the new save path. The claims on their pieces are
            hashed.
    """

    save_path: str
    mount_point: str = ""
    made: str | None = None
    renames: tuple[tuple[int, str], ...] = ()
    phase: Literal["copying", "placing", "undoing", "relocating"] = "copying"
    doubted: tuple[int, ...] = ()


class TorrentOptions(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The options of one torrent. Torrents with the default options share one object.

    Fields:
        max_connections: the maximum number of connected peers. 0 means that the torrent has no limit.
        max_uploads: the maximum number of peers that are uploaded to at once. 0 means that the torrent has no limit.
        super_seeding: whether a seed shows each peer only one piece at a time (BEP 16).
        auto_managed: whether libtorrent's queue decides when the torrent runs. The settings `active_downloads`,
            `active_seeds` and the like configure the queue. By default the torrent runs at once.
        force_start: the torrent always runs, and `auto_managed` has no effect.
        first_last_piece_first: the first and the last piece of each selected file are downloaded first.
        pex: whether peers are exchanged with other peers (BEP 11).
        dht: whether the torrent uses the DHT (BEP 5).
        lsd: whether the torrent is announced in the local network (BEP 14).
        name: the name that is shown in place of the name in the metadata. If it is empty, the name in the metadata is
            shown. No file is renamed.
        ratio_goal, seeding_time_goal_s, inactive_time_goal_s: when the torrent has seeded enough. A goal is a number,
            null for no goal, or `global` for the global goal.
        goal_action: what is done with the torrent once it reaches a goal. `global` means the global action.
        group: the name of the torrent's bandwidth group; null means none. The group's torrents share its limits.
    """

    max_connections: OwnLimit = 0
    max_uploads: OwnLimit = 0
    super_seeding: bool = False
    auto_managed: bool = False
    force_start: bool = False
    first_last_piece_first: bool = False
    pex: bool = True
    dht: bool = True
    lsd: bool = True
    name: DisplayName = ""
    ratio_goal: RatioGoal | Global | None = "global"
    seeding_time_goal_s: TimeGoal | Global | None = "global"
    inactive_time_goal_s: InactiveGoal | Global | None = "global"
    goal_action: GoalAction | Global = "global"
    group: GroupName | None = None
    """In a torrent's record, the group's key (`BandwidthGroup.key`). If no group has this key, it has no effect."""


DEFAULT_OPTIONS: Final = TorrentOptions()


class DesiredTorrent(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """All that clients requested of one torrent, and what is known of its content.

    Fields:
        torrent: the id. It is the info-hash in lower-case hex. A v2-only torrent's id has 64 digits, all others have
            40.
        source: `metainfo` if `<id>.torrent` holds the source; `magnet` if the field `magnet` holds it.
        name: the name in the source. Reads show it until the metadata is known.
        save_path: the absolute path of the directory below which the torrent's files are stored.
        mount_point: the mount point that `save_path` was on when the torrent was added; empty if unknown.
        seed_mode: the client guarantees that all data is on disk. Each piece is checked when it is first uploaded.
        peers: peers that clients gave, as `host:port`. The torrent is connected to them again after each restart.
        added_us: when the torrent was accepted, microseconds since 1970.
        revision: the number of accepted changes. The engine reports the revision that it has applied.
        removal: what happens to the torrent's files. Set once the torrent is being removed. The record is kept until
            the removal is complete. The value `merged` keeps every file, including additional files that libtorrent
            created.
        quarantine: set while the torrent must not be loaded because it crashes the engine. `release_torrent` ends it.
        metainfo_crc32: the checksum of `<id>.torrent`. None if there is no such file, and in records of versions that
            did not store it. If metainfo was added to a torrent from a magnet link, the torrent has a checksum.
        metadata: facts in the info dictionary. None while they are unknown, and in records of versions that did not
            store them.
        info_hash_v1, info_hash_v2: the torrent's info-hashes. None if the torrent has no such info-hash, or if it is
            not known yet. A hybrid torrent has both, and clients can use either. A magnet link may name two info-hashes
            that belong to different torrents.
        spared: the indices of files that a removal does not delete, because other torrents use them.
        merged: the ids of other records of the same torrent. These records were merged into this record.
        recheck: the revision in which a recheck was requested. None once the result of the recheck is stored in resume
            data.
        trackers: URLs that were given when the torrent was added, in addition to those in the source.
        web_seeds: URLs (BEP 19) that clients gave in addition to those in the source.
        removed_web_seeds: URLs of web seeds that are not used, although the source or resume data may have them.
        tracker_edits: how clients have changed the list of trackers since the torrent was added; None for no change.
        renames: the paths of files that clients have renamed, by file index. They are relative to the save path.
        move: an incomplete move of the files. Until it is complete, the torrent is not loaded, and the other fields
            describe the torrent before the move.
        content_layout: whether the files are in a folder; chosen when the torrent was added.
        category: the key of the torrent's category (`Category.key`). If no category has this key, the category was
            removed, and the torrent has none.
        options: the options of the torrent that clients have set.
        queue_order: torrents in the queue are sorted by this number; None stands for `added_us`.
        reached: the seeding goals that were acted on. None if there are none, or if a client has set goals since.
    """

    WRITTEN: ClassVar = ("paused", "sequential", "selection", "download_bps", "upload_bps", "labels")
    """The members that every record has in its file, for people who edit it."""

    torrent: str
    source: Literal["metainfo", "magnet"]
    magnet: str | None = None
    name: str = ""
    save_path: str
    paused: bool = False
    sequential: bool = False
    selection: Selection = Selection()
    download_bps: Bps = 0
    upload_bps: Bps = 0
    trackers: tuple[str, ...] = ()
    web_seeds: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    seed_mode: bool = False
    peers: tuple[str, ...] = ()
    added_us: int = 0
    revision: int = 1
    removal: Literal["keep_files", "delete_files", "merged"] | None = None
    metainfo_crc32: int | None = None
    mount_point: str = ""
    quarantine: Quarantine | None = None
    metadata: KnownMetadata | None = None
    info_hash_v1: str | None = None
    info_hash_v2: str | None = None
    merged: tuple[str, ...] = ()
    spared: tuple[int, ...] = ()
    recheck: int | None = None
    tracker_edits: TrackerEdits | None = None
    removed_web_seeds: tuple[str, ...] = ()
    renames: tuple[tuple[int, str], ...] = ()
    move: StorageMove | None = None
    content_layout: ContentLayout = "original"
    category: str | None = None
    options: TorrentOptions = DEFAULT_OPTIONS
    queue_order: int | None = None
    reached: ReachedGoals | None = None

    def __post_init__(self) -> None:
        """Shares values that many records have in common, such as save paths. There may be 100,000 records."""
        share = msgspec.structs.force_setattr
        if self.options is not DEFAULT_OPTIONS and self.options == DEFAULT_OPTIONS:
            share(self, "options", DEFAULT_OPTIONS)
        share(self, "save_path", sys.intern(self.save_path))
        share(self, "mount_point", sys.intern(self.mount_point))
        if self.category is not None:
            share(self, "category", sys.intern(self.category))
        if self.info_hash_v1 == self.torrent:
            share(self, "info_hash_v1", self.torrent)
        if self.info_hash_v2 == self.torrent:
            share(self, "info_hash_v2", self.torrent)
        if self.metadata is not None and self.metadata.name == self.name:
            share(self, "name", self.metadata.name)

    def moved(self) -> "DesiredTorrent":
        """Returns the desired state after the move. `move` must not be None."""
        move = self.move
        assert move is not None
        return msgspec.structs.replace(
            self,
            save_path=move.save_path,
            mount_point=move.mount_point,
            renames=tuple(sorted({**dict(self.renames), **dict(move.renames)}.items())),
            move=None,
        )

    @property
    def managed(self) -> bool:
        """Whether libtorrent's queue decides when the torrent runs."""
        options = self.options
        return options.auto_managed and not options.force_start and not self.paused

    @property
    def queue_key(self) -> tuple[int, str]:
        """The key by which the queue is sorted."""
        return (self.added_us if self.queue_order is None else self.queue_order, self.torrent)


def edited_web_seeds(present: Iterable[str], desired: DesiredTorrent) -> list[str]:
    """Returns the web seeds of a torrent after the changes that clients have made.

    libtorrent appends a slash to the URLs of a torrent with several files. So a slash at the end makes no difference.
    """
    removed = {url.removesuffix("/") for url in desired.removed_web_seeds}
    urls: dict[str, str] = {}
    for url in (*present, *desired.web_seeds):
        if url.removesuffix("/") not in removed:
            urls.setdefault(url.removesuffix("/"), url)
    return list(urls.values())


def _tier(tracker: tuple[str, int]) -> int:
    return tracker[1]
