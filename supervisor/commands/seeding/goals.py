"""Decides which torrents have reached a seeding goal. Pure.

Each goal is acted on once. If a client resumes the torrent after the action, the torrent goes on seeding beyond the
goal. If the value of a goal changes, that goal is acted on again. Inactivity is counted anew after each action.

All times are seeding time. Seeding time grows only while the torrent is active and complete. Pauses, and times without
the daemon, do not count.
"""

from typing import NamedTuple

from protocol.wire.desired import DEFAULT_OPTIONS, DesiredTorrent, TorrentOptions
from protocol.wire.goals import GoalAction, GoalName, GoalsReport, ReachedGoals
from supervisor.config.goals_config import GoalsConfig


class Figures(NamedTuple):
    """What a torrent has done.

    Fields:
        ratio: the ratio in the torrent's row.
        seeding_s: the torrent's seeding time up to now.
        quiet_from_s: the torrent's seeding time when payload was last received or sent.
    """

    ratio: float | None
    seeding_s: int
    quiet_from_s: int


class Verdict(NamedTuple):
    """A reached goal and its action. `reached` is stored in the record, so that the action is done only once."""

    goal: GoalName
    action: GoalAction
    reached: ReachedGoals


def in_force(options: TorrentOptions, global_goals: GoalsConfig) -> GoalsConfig:
    """Returns the goals in force for a torrent. Goals of the torrent replace global goals."""
    if options is DEFAULT_OPTIONS:
        return global_goals
    return GoalsConfig(
        ratio=global_goals.ratio if options.ratio_goal == "global" else options.ratio_goal,
        seeding_time_s=(
            global_goals.seeding_time_s if options.seeding_time_goal_s == "global" else options.seeding_time_goal_s
        ),
        inactive_time_s=(
            global_goals.inactive_time_s if options.inactive_time_goal_s == "global" else options.inactive_time_goal_s
        ),
        action=global_goals.action if options.goal_action == "global" else options.goal_action,
    )


def report(desired: DesiredTorrent, global_goals: GoalsConfig) -> GoalsReport | None:
    """Returns the goals of a torrent as rows show them; None for a torrent without goals."""
    goals = in_force(desired.options, global_goals)
    if goals.ratio is goals.seeding_time_s is goals.inactive_time_s is None:
        return None
    return GoalsReport(
        ratio=goals.ratio,
        seeding_time_s=goals.seeding_time_s,
        inactive_time_s=goals.inactive_time_s,
        action=goals.action,
        reached=None if desired.reached is None else desired.reached.goal,
    )


def judge(goals: GoalsConfig, figures: Figures, reached: ReachedGoals | None) -> Verdict | None:
    """Returns the goal that a complete torrent has reached, if its action is due now. Otherwise None.

    Args:
        reached: the goals that were acted on.
    """
    by_ratio = goals.ratio is not None and figures.ratio is not None and figures.ratio >= goals.ratio
    by_time = goals.seeding_time_s is not None and figures.seeding_s >= goals.seeding_time_s
    since_s = figures.quiet_from_s if reached is None else max(figures.quiet_from_s, reached.seeding_s)
    by_quiet = goals.inactive_time_s is not None and figures.seeding_s - since_s >= goals.inactive_time_s
    if not (by_ratio or by_time or by_quiet):
        return None  # as for nearly all torrents
    before = ReachedGoals(goal="ratio") if reached is None else reached
    goal: GoalName
    if by_ratio and before.ratio != goals.ratio:
        goal = "ratio"
    elif by_time and before.seeding_time_s != goals.seeding_time_s:
        goal = "seeding_time"
    elif by_quiet:
        goal = "inactive_time"
    else:
        return None
    after = ReachedGoals(
        goal=goal,
        ratio=goals.ratio if by_ratio else before.ratio,
        seeding_time_s=goals.seeding_time_s if by_time else before.seeding_time_s,
        seeding_s=figures.seeding_s,
    )
    return Verdict(goal, goals.action, after)
