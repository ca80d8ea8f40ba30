"""The public commands about the global seeding goals. As in `protocol.wire.commands`, a Struct's tag is the `op`."""

import msgspec

from protocol.wire.commands.kinds import InstantRead, Mutation
from protocol.wire.goals import GoalAction, InactiveGoal, RatioGoal, TimeGoal
from protocol.wire.session.desired_session import FromFile


class GetGoals(InstantRead, frozen=True, kw_only=True, tag="get_goals"):
    """Returns the global seeding goals, and who set each."""


class UpdateGoals(Mutation, frozen=True, kw_only=True, tag="update_goals"):
    """Sets global seeding goals. They apply to torrents without goals of their own. Absent goals are not changed.

    A client's goal overrides `[goals]` in the configuration, also after restarts. Null means no goal. `file` removes
    the client's goal, so that the configured goal applies again. The section "Seeding goals" has the details.

    Fields:
        ratio: the `ratio` at which a torrent has seeded enough.
        seeding_time_s: the `seeding_s` at which a torrent has seeded enough.
        inactive_time_s: the seeding time without transfer after which a torrent has seeded enough, in seconds.
        action: what is done once a goal is reached.
    """

    ratio: RatioGoal | FromFile | msgspec.UnsetType | None = msgspec.UNSET
    seeding_time_s: TimeGoal | FromFile | msgspec.UnsetType | None = msgspec.UNSET
    inactive_time_s: InactiveGoal | FromFile | msgspec.UnsetType | None = msgspec.UNSET
    action: GoalAction | FromFile | msgspec.UnsetType = msgspec.UNSET
