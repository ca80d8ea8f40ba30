"""The command that sets the options of a torrent."""

from typing import Annotated

import msgspec

from protocol.wire.commands.kinds import MAX_LABELS, CategoryName, Label, Mutation, TorrentId
from protocol.wire.desired import DisplayName, OwnLimit
from protocol.wire.goals import Global, GoalAction, InactiveGoal, RatioGoal, TimeGoal


class UpdateOptions(Mutation, frozen=True, kw_only=True, tag="update_options"):
    """Sets options of a torrent. Absent arguments are not changed.

    Fields:
        max_connections: the maximum number of connected peers; 0 means that only the session's limit applies. The least
            limit is 2.
        max_uploads: the maximum number of peers that are uploaded to at the same time; 0 means that only the session's
            limit applies. The least limit is 2.
        super_seeding: as a seed, tell each peer of only one piece at a time (BEP 16). Peers that are connected already
            know all pieces.
        auto_managed: libtorrent's queue decides when the torrent runs, by the settings `active_downloads`,
            `active_seeds`, `active_limit` and the like. Such a torrent is in state `queued` while it waits. By default
            a torrent runs at once.
        force_start: true resumes the torrent, and lets it run whatever the queue says.
        first_last_piece_first: download the first and the last piece of each selected file before other pieces, so that
            a player can open the file early. The first pieces of all are still random ones, until there are as many as
            the setting `initial_picker_threshold` says, unless the download is sequential.
        pex: whether the torrent exchanges peers with other peers (BEP 11).
        dht: whether the torrent uses the DHT (BEP 5).
        lsd: whether the torrent is announced in the local network (BEP 14).
        labels: any words, by which torrents can be filtered; they replace the torrent's labels.
        name: the name that rows show in place of the name in the metadata; empty for the latter. No file is renamed.
        category: the name of an existing category; null means none. The torrent's files are not moved.
        ratio_goal: the `ratio` at which the torrent has seeded enough; null means none, and `global` the configured
            goal. The section "Seeding goals" has more. To set one of the goals, or the action, makes all of them apply
            again.
        seeding_time_goal_s: the same for `seeding_s`.
        inactive_time_goal_s: the same for the seeding time since payload was last received or sent.
        goal_action: what is done once a goal is reached; `global` means the configured action.
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
