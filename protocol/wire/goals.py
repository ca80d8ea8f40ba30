"""Seeding goals: when a complete torrent has seeded enough, and what happens to it after that.

A torrent's goal is a number, or null for no goal, or `global`. `global` means the global goal. If no client has set a
global goal, the configuration (`[goals]`) has it.
"""

from typing import Annotated, Literal

import msgspec

RatioGoal = Annotated[float, msgspec.Meta(ge=0, le=1_000_000)]
"""A ratio of uploaded to downloaded bytes."""

TimeGoal = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
"""Seconds of seeding."""

InactiveGoal = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
"""Seconds of seeding without transfer. At 0, a torrent would never seed."""

GoalAction = Literal["pause", "remove", "remove_files", "super_seed"]
GoalName = Literal["ratio", "seeding_time", "inactive_time"]
Global = Literal["global"]


class ReachedGoals(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The goals of a torrent that were acted on. A goal is not acted on again until its value changes.

    Fields:
        goal: the goal that was acted on last.
        ratio: the ratio goal, if it was reached.
        seeding_time_s: the seeding-time goal, if it was reached.
        seeding_s: the torrent's seeding time at the last action. Inactivity is counted from this time again.
    """

    goal: GoalName
    ratio: RatioGoal | None = None
    seeding_time_s: TimeGoal | None = None
    seeding_s: int = 0


class GoalsReport(msgspec.Struct, frozen=True, kw_only=True):
    """The seeding goals in force for a torrent: its own goals, and the global goals.

    Fields:
        ratio: the goal for `ratio`; null for none.
        seeding_time_s: the goal for `seeding_s`; null for none.
        inactive_time_s: the goal for the seeding time since the last transfer, in seconds; null for none.
        action: what is done once a goal is reached: `pause`, `remove`, `remove_files` or `super_seed`.
        reached: the goal that was acted on last: `ratio`, `seeding_time` or `inactive_time`. Null if there is none, or
            if a client has set the torrent's goals since.
    """

    ratio: float | None
    seeding_time_s: int | None
    inactive_time_s: int | None
    action: GoalAction
    reached: GoalName | None = None
