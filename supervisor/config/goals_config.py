"""`[goals]`: when torrents have seeded enough."""

from protocol.configuration.config_section import Section
from protocol.wire.goals import GoalAction, InactiveGoal, RatioGoal, TimeGoal


class GoalsConfig(Section, frozen=True, kw_only=True):
    """`[goals]`. A missing key sets no goal. Clients can override the goals. Torrents can have goals of their own.

    Fields:
        ratio: the ratio of uploaded to downloaded bytes.
        seeding_time_s: the seeding time in seconds.
        inactive_time_s: the seeding time after the last transfer of payload, in seconds.
        action: what is done with a torrent that has reached a goal.
    """

    ratio: RatioGoal | None = None
    seeding_time_s: TimeGoal | None = None
    inactive_time_s: InactiveGoal | None = None
    action: GoalAction = "pause"
