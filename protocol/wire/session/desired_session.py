"""The desired state of the session: what clients requested for it, in place of the configuration."""

from typing import Annotated, Final, Literal

import msgspec

from protocol.text import patterns
from protocol.wire.desired import BandwidthGroup, Bps, Category, SettingValue
from protocol.wire.goals import GoalAction, InactiveGoal, RatioGoal, TimeGoal

FromFile = Literal["file"]
"""The value by which clients return to the configured value."""

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: Final[tuple[Day, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Days = Annotated[list[Day], msgspec.Meta(min_length=1, max_length=len(DAYS))]
TimeOfDay = Annotated[str, msgspec.Meta(pattern=patterns.TIME_OF_DAY)]
WINDOWS_MAX: Final = 100
"""The maximum number of windows in a schedule of a client."""


class ScheduleWindow(msgspec.Struct, frozen=True, kw_only=True, rename={"start": "from"}):
    """A time of the week in which the alternative limits are in force.

    Fields:
        days: the days on which the window begins: `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`. By default all days.
        from: the local time at which the window begins, such as `22:00`.
        to: the local time at which the window ends. If it is not after `from`, the window ends on the next day.
    """

    days: Days = msgspec.field(default_factory=lambda: list(DAYS))
    start: TimeOfDay
    to: TimeOfDay


Schedule = Annotated[list[ScheduleWindow], msgspec.Meta(max_length=WINDOWS_MAX)]


class OwnAlternativeLimits(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The alternative limits that clients have set. A field that no client has set is `file`."""

    download_bps: Bps | FromFile = "file"
    upload_bps: Bps | FromFile = "file"
    schedule: Schedule | FromFile = "file"


class OwnGlobalGoals(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The global goals that clients have set. `file` means that no client has set the goal."""

    ratio: RatioGoal | FromFile | None = "file"
    seeding_time_s: TimeGoal | FromFile | None = "file"
    inactive_time_s: InactiveGoal | FromFile | None = "file"
    action: GoalAction | FromFile = "file"


class DesiredSession(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What clients requested for the whole session. The file is `session.json`.

    Fields:
        download_bps, upload_bps: limits for all torrents together. None if no client has set a limit; then the limit in
            the configuration applies.
        settings: libtorrent's settings that clients have set, by libtorrent's names. They override the configuration.
        banned: the IP addresses of banned peers, in their normal form.
        categories: the categories of torrents, by name.
        alternative: whether the alternative limits are in force; None if the schedule decides.
        goals: the global seeding goals that clients have set.
        alternative_limits: the alternative limits and the schedule that clients have set.
        groups: the bandwidth groups, by name.
    """

    download_bps: Bps | None = None
    upload_bps: Bps | None = None
    revision: int = 1
    settings: dict[str, SettingValue] = {}
    banned: tuple[str, ...] = ()
    categories: dict[str, Category] = {}
    alternative: bool | None = None
    goals: OwnGlobalGoals = OwnGlobalGoals()
    alternative_limits: OwnAlternativeLimits = OwnAlternativeLimits()
    groups: dict[str, BandwidthGroup] = {}
