"""Computes the global seeding goals. A goal that a client has set overrides the configuration. Pure."""

from typing import Final

import msgspec

from protocol.wire.commands.goal_commands import UpdateGoals
from protocol.wire.reports import ActionSetting, GlobalGoals, RatioSetting, SettingSource, TimeSetting
from protocol.wire.session.desired_session import OwnGlobalGoals
from supervisor.config.goals_config import GoalsConfig

_OF_FILE: Final = OwnGlobalGoals()
_DEFAULTS: Final = GoalsConfig()


def in_force(own: OwnGlobalGoals, configured: GoalsConfig) -> GoalsConfig:
    """Returns the global goals in force.

    Args:
        own: the goals that clients have set.
    """
    if own == _OF_FILE:
        return configured
    return GoalsConfig(
        ratio=configured.ratio if own.ratio == "file" else own.ratio,
        seeding_time_s=configured.seeding_time_s if own.seeding_time_s == "file" else own.seeding_time_s,
        inactive_time_s=configured.inactive_time_s if own.inactive_time_s == "file" else own.inactive_time_s,
        action=configured.action if own.action == "file" else own.action,
    )


def changed(own: OwnGlobalGoals, command: UpdateGoals) -> OwnGlobalGoals:
    """Returns the goals that clients have set, after a command."""
    given = {name: value for name, value in msgspec.structs.asdict(command).items() if value is not msgspec.UNSET}
    return msgspec.structs.replace(own, **given)


def report(own: OwnGlobalGoals, configured: GoalsConfig) -> GlobalGoals:
    """Returns the result of `get_goals`."""
    goals = in_force(own, configured)

    def source(name: str) -> SettingSource:
        if getattr(own, name) != "file":
            return SettingSource.CLIENT
        is_default = getattr(configured, name) == getattr(_DEFAULTS, name)
        return SettingSource.DEFAULT if is_default else SettingSource.FILE

    return GlobalGoals(
        ratio=RatioSetting(value=goals.ratio, source=source("ratio")),
        seeding_time_s=TimeSetting(value=goals.seeding_time_s, source=source("seeding_time_s")),
        inactive_time_s=TimeSetting(value=goals.inactive_time_s, source=source("inactive_time_s")),
        action=ActionSetting(value=goals.action, source=source("action")),
    )
