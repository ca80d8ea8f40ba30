"""The command that sets the options of a torrent."""

from typing import Annotated

import msgspec

from protocol.wire.commands.kinds import MAX_LABELS, CategoryName, Label, Mutation, TorrentId
from protocol.wire.desired import DisplayName, GroupName, OwnLimit
from protocol.wire.goals import Global, GoalAction, InactiveGoal, RatioGoal, TimeGoal


class UpdateOptions(Mutation, frozen=True, kw_only=True, tag="update_options"):
    """Sets options of a torrent. Absent arguments are not changed.

    Fields:
        max_connections: the maximum number of connected peers, at least 2. 0 means that only the session's limit
            applies.
        max_uploads: the maximum number of peers that are uploaded to at once, at least 2. 0 means that only the
            session's limit applies.
        super_seeding: whether a seed shows each peer only one piece at a time (BEP 16). Peers that were connected
            earlier already know that the seed has all pieces.
        auto_managed: whether libtorrent's queue decides when the torrent runs. The queue follows settings such as
            `active_downloads`, `active_seeds` and `active_limit`. While the torrent waits, its state is `queued`. By
            default a torrent is not in the queue, and runs at once.
        force_start: true resumes the torrent and takes it out of the queue, so that it runs at once.
        first_last_piece_first: whether the first and the last piece of each selected file are downloaded before other
            pieces. If so, a player can open the file early. If the download is not sequential, libtorrent still begins
            with some random pieces. The setting `initial_picker_threshold` says how many.
        pex: whether the torrent exchanges peers with other peers (BEP 11).
        dht: whether the torrent uses the DHT (BEP 5).
        lsd: whether the torrent is announced in the local network (BEP 14).
        labels: the torrent's new labels. The present labels are replaced. A label is any word. `list_torrents` can
            filter by it.
        name: the name that rows show in place of the name in the metadata. If the value is empty, rows show the name in
            the metadata. No file is renamed.
        category: the name of an existing category; null means none. The torrent's files are not moved.
        ratio_goal: the `ratio` at which the torrent has seeded enough. Null means no goal. `global` means the global
            goal, which `get_goals` has. If a client sets a goal or the action, goals that were reached before apply
            again. The section "Seeding goals" has the details.
        seeding_time_goal_s: the `seeding_s` at which the torrent has seeded enough. Null and `global` have the same
            meaning as in `ratio_goal`.
        inactive_time_goal_s: the seeding time without transfer after which the torrent has seeded enough. It is counted
            from when payload was last received or sent. Null and `global` have the same meaning as in `ratio_goal`.
        goal_action: what is done once a goal is reached. `global` means the global action.
        group: the name of an existing bandwidth group; null means none.
    """

    torrent: TorrentId
    max_connections: OwnLimit | msgspec.UnsetType = msgspec.UNSET
    max_uploads: OwnLimit | msgspec.UnsetType = msgspec.UNSET
    super_seeding: bool | msgspec.UnsetType = msgspec.UNSET
    auto_managed: bool | msgspec.UnsetType = msgspec.UNSET
    force_start: bool | msgspec.UnsetType = msgspec.UNSET
    first_last_piece_first: bool | msgspec.UnsetType = msgspec.UNSET
    pex: bool | msgspec.UnsetType = msgspec.UNSET
    dht: bool | msgspec.UnsetType = msgspec.UNSET
    lsd: bool | msgspec.UnsetType = msgspec.UNSET
    labels: Annotated[list[Label], msgspec.Meta(max_length=MAX_LABELS)] | msgspec.UnsetType = msgspec.UNSET
    name: DisplayName | msgspec.UnsetType = msgspec.UNSET
    category: CategoryName | msgspec.UnsetType | None = msgspec.UNSET
    ratio_goal: RatioGoal | Global | msgspec.UnsetType | None = msgspec.UNSET
    seeding_time_goal_s: TimeGoal | Global | msgspec.UnsetType | None = msgspec.UNSET
    inactive_time_goal_s: InactiveGoal | Global | msgspec.UnsetType | None = msgspec.UNSET
    goal_action: GoalAction | Global | msgspec.UnsetType = msgspec.UNSET
    group: GroupName | msgspec.UnsetType | None = msgspec.UNSET
