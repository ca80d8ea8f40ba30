"""Calls about torrents, except for their addition."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeVar

import msgspec

from ouzel.client.call import Call, Page, call_of, member, nothing, page_of, whole
from ouzel.client.special.leaving_out import none_is_null, or_unset
from ouzel.requests import result_of
from protocol.wire.commands import (
    file_commands,
    kinds,
    making_commands,
    option_commands,
    queue_commands,
    torrent_commands,
    tracker_commands,
)
from protocol.wire.envelope import Reply, Wait
from protocol.wire.goals import GoalAction
from protocol.wire.results import StorageRelocated
from protocol.wire.rows import FileRow, TorrentRow, TorrentState

T = TypeVar("T")
TorrentFormat = Literal["v1", "v2", "hybrid"]


_TORRENTS_PAGE: Final = page_of(list[TorrentRow], "torrents")
_FILES_PAGE: Final = page_of(list[FileRow], "files")


def list_torrents(
    cursor: str | None = None,
    /,
    *,
    ids: Sequence[str] | None = None,
    state: TorrentState | str | None = None,
    label: str | None = None,
    category: str | None = None,
    limit: int = 2500,
) -> Call[Page[TorrentRow]]:
    """Returns the torrents, sorted by id. Each other argument selects only matching torrents.

    The category "" selects torrents without a category.
    """
    command = torrent_commands.ListTorrents(
        cursor=cursor,
        ids=None if ids is None else list(ids),
        state=None if state is None else TorrentState(state),
        label=label,
        category=category,
        limit=limit,
    )
    return call_of(command, _TORRENTS_PAGE)


def list_ids(cursor: str | None = None, /) -> Call[Page[str]]:
    """Returns the ids of all torrents, sorted."""

    def read(reply: Reply) -> Page[str]:
        result = result_of(reply)
        return Page([row["torrent"] for row in result["torrents"]], result.get("cursor"))

    return call_of(torrent_commands.ListTorrents(cursor=cursor, fields=["torrent"]), read)


def list_hashes(cursor: str | None = None, /) -> Call[Page[tuple[str, ...]]]:
    """Returns each torrent's id and then its other info-hashes, for all torrents sorted by id."""

    def read(reply: Reply) -> Page[tuple[str, ...]]:
        result = result_of(reply)
        names = [(row["torrent"], row.get("info_hash_v1"), row.get("info_hash_v2")) for row in result["torrents"]]
        return Page([tuple(dict.fromkeys(filter(None, each))) for each in names], result.get("cursor"))

    return call_of(
        torrent_commands.ListTorrents(cursor=cursor, fields=["torrent", "info_hash_v1", "info_hash_v2"]), read
    )


def list_files(cursor: str | None = None, /, *, torrent: str, limit: int = kinds.MAX_PAGE) -> Call[Page[FileRow]]:
    """Returns the files of a torrent, with their progress."""
    return call_of(torrent_commands.ListFiles(torrent=torrent, cursor=cursor, limit=limit), _FILES_PAGE)


def create_torrent(
    path: str,
    *,
    format: TorrentFormat = "hybrid",  # noqa: A002  # the protocol's name
    piece_length: int | None = None,
    trackers: Sequence[Sequence[str]] = (),
    web_seeds: Sequence[str] = (),
    private: bool = False,
    source: str = "",
    comment: str = "",
    exclude: Sequence[str] = (),
    output: str | None = None,
    seed: bool = False,
    wait: Wait = "durable",
) -> Call[str]:
    """Makes a torrent of a file or folder in the daemon's download roots. Returns the id of the job.

    `list_jobs` shows the job's progress, and the event `job_finished` its end.

    Args:
        path: an absolute path.
        format: the version of the torrent.
        piece_length: a power of two. None chooses the length by the size.
        trackers: the trackers' URLs by tier.
        source: a text that private trackers require.
        exclude: globs. Files that match one of them are left out.
        output: the path of the .torrent file in the download roots. None for no file.
        seed: whether to add the finished torrent, and to seed it without a recheck.
    """
    command = making_commands.CreateTorrent(
        path=path,
        format=format,
        piece_length=piece_length,
        trackers=[list(tier) for tier in trackers],
        web_seeds=list(web_seeds),
        private=private,
        source=source,
        comment=comment,
        exclude=list(exclude),
        output=output,
        seed=seed,
    )
    return call_of(command, member(str, "job"), wait)


def set_sequential(torrent: str, sequential: bool = True, *, wait: Wait = "durable") -> Call[None]:
    """Chooses the order of downloaded pieces: from first to last, or the rarest first."""
    return call_of(torrent_commands.SetSequential(torrent=torrent, sequential=sequential), nothing, wait)


def update_selection(
    torrent: str,
    *,
    include: Sequence[str] | None = None,
    exclude: Sequence[str] | None = None,
    skip_fluff: bool | None = None,
    priorities: Mapping[int, int] | None = None,
    wait: Wait = "durable",
) -> Call[None]:
    """Chooses the files to download. None does not change a value. An empty value removes the present value."""
    command = torrent_commands.UpdateSelection(
        torrent=torrent,
        include=or_unset(None if include is None else list(include)),
        exclude=or_unset(None if exclude is None else list(exclude)),
        skip_fluff=or_unset(skip_fluff),
        priorities=or_unset(None if priorities is None else _by_index(priorities)),
    )
    return call_of(command, nothing, wait)


def update_options(
    torrent: str,
    *,
    max_connections: int | None = None,
    max_uploads: int | None = None,
    super_seeding: bool | None = None,
    auto_managed: bool | None = None,
    force_start: bool | None = None,
    first_last_piece_first: bool | None = None,
    pex: bool | None = None,
    dht: bool | None = None,
    lsd: bool | None = None,
    labels: Sequence[str] | None = None,
    name: str | None = None,
    category: str | None = None,
    ratio_goal: float | Literal["none", "global"] | None = None,
    seeding_time_goal_s: int | Literal["none", "global"] | None = None,
    inactive_time_goal_s: int | Literal["none", "global"] | None = None,
    goal_action: GoalAction | Literal["global"] | None = None,
    group: str | None = None,
    wait: Wait = "durable",
) -> Call[None]:
    """Sets options of a torrent. None does not change an option.

    Args:
        max_connections, max_uploads: the maximum numbers of connected peers, and of peers that are uploaded to. 0 means
            that the torrent has no limit.
        super_seeding: whether a seed shows each peer only one piece at a time (BEP 16).
        auto_managed: whether libtorrent's queue decides when the torrent runs.
        force_start: True resumes the torrent. It then runs outside of the queue.
        first_last_piece_first: whether to download the first and the last piece of each selected file first.
        pex, dht, lsd: whether the torrent exchanges peers, uses the DHT, and is announced in the local network.
        labels: the whole new list of labels.
        name: the name to show. An empty text means the name in the metadata. No file is renamed.
        category: the name of an existing category. An empty text means none. The torrent's files are not moved.
        ratio_goal, seeding_time_goal_s, inactive_time_goal_s: when a complete torrent has seeded enough. "none" means
            no goal. "global" means the global goal.
        goal_action: what is done once a goal is reached. "global" means the global action.
        group: the name of an existing bandwidth group. An empty text means none.
    """
    command = option_commands.UpdateOptions(
        torrent=torrent,
        max_connections=or_unset(max_connections),
        max_uploads=or_unset(max_uploads),
        super_seeding=or_unset(super_seeding),
        auto_managed=or_unset(auto_managed),
        force_start=or_unset(force_start),
        first_last_piece_first=or_unset(first_last_piece_first),
        pex=or_unset(pex),
        dht=or_unset(dht),
        lsd=or_unset(lsd),
        labels=or_unset(None if labels is None else list(labels)),
        name=or_unset(name),
        category=msgspec.UNSET if category is None else category or None,
        ratio_goal=none_is_null(ratio_goal),
        seeding_time_goal_s=none_is_null(seeding_time_goal_s),
        inactive_time_goal_s=none_is_null(inactive_time_goal_s),
        goal_action=or_unset(goal_action),
        group=msgspec.UNSET if group is None else group or None,
    )
    return call_of(command, nothing, wait)


def move_in_queue(
    torrents: Sequence[str], where: Literal["top", "bottom", "up", "down"], *, wait: Wait = "durable"
) -> Call[list[str]]:
    """Moves torrents in libtorrent's queue. Returns their ids, in the order of the queue."""
    command = queue_commands.MoveInQueue(torrents=list(torrents), where=queue_commands.QueueMove(where))
    return call_of(command, lambda reply: [str(each) for each in result_of(reply)["torrents"]], wait)


def reannounce(torrent: str, *, tracker: str | None = None, wait: Wait = "durable") -> Call[None]:
    """Announces a torrent now, to the tracker with this URL. None means the trackers in use and the DHT."""
    return call_of(tracker_commands.Reannounce(torrent=torrent, tracker=tracker), nothing, wait)


def update_trackers(
    torrent: str,
    *,
    replace: Sequence[tuple[str, int]] | None = None,
    add: Sequence[tuple[str, int]] = (),
    remove: Sequence[str] = (),
    wait: Wait = "durable",
) -> Call[None]:
    """Changes the list of a torrent's trackers: first `replace` applies, then `remove`, then `add`.

    Args:
        replace: the whole new list, each URL with its tier (0..255). None does not replace the list.
        add: URLs to add, each with its tier. If the torrent has a tracker already, its tier is changed.
        remove: the URLs of trackers to remove.
    """
    command = tracker_commands.UpdateTrackers(
        torrent=torrent,
        replace=or_unset(None if replace is None else _tiers(replace)),
        add=_tiers(add),
        remove=list(remove),
    )
    return call_of(command, nothing, wait)


def update_web_seeds(
    torrent: str, *, add: Sequence[str] = (), remove: Sequence[str] = (), wait: Wait = "durable"
) -> Call[None]:
    """Adds and removes web seeds (BEP 19) of a torrent, by their URLs."""
    command = tracker_commands.UpdateWebSeeds(torrent=torrent, add=list(add), remove=list(remove))
    return call_of(command, nothing, wait)


def list_web_seeds(torrent: str) -> Call[list[str]]:
    """Returns the URLs of a torrent's web seeds (BEP 19), including those in its source."""
    return call_of(
        tracker_commands.ListWebSeeds(torrent=torrent),
        lambda reply: [str(row["url"]) for row in result_of(reply)["web_seeds"]],
    )


def add_peers(torrent: str, peers: Sequence[str], *, wait: Wait = "durable") -> Call[int]:
    """Connects a torrent to peers (`address:port`), now and after each restart. Returns the number of peers."""
    return call_of(
        torrent_commands.AddPeers(torrent=torrent, peers=list(peers)),
        lambda reply: int(result_of(reply)["added"]),
        wait,
    )


def _tiers(trackers: Sequence[tuple[str, int]]) -> list[tracker_commands.TrackerEntry]:
    return [tracker_commands.TrackerEntry(url=url, tier=tier) for url, tier in trackers]


def _by_index(priorities: Mapping[int, int]) -> dict[str, int]:
    return {str(index): priority for index, priority in priorities.items()}


def relocate_storage(
    torrent: str, save_path: str, *, dry_run: bool = False, force: bool = False, wait: Wait = "durable"
) -> Call[StorageRelocated]:
    """Changes the save path of a torrent whose files are at another path already. No file is moved or changed.

    Args:
        save_path: an absolute path in the download roots.
        dry_run: whether nothing is changed. The reply is the same.
        force: whether the save path is changed even if files are missing at the new path.
    """
    command = file_commands.RelocateStorage(torrent=torrent, save_path=save_path, dry_run=dry_run, force=force)
    return call_of(command, whole(StorageRelocated), wait)
