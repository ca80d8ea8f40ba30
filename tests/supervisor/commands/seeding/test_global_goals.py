"""Global goals: what clients have set overrides the configuration, goal by goal."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from protocol.wire.commands.goal_commands import UpdateGoals
from protocol.wire.reports import SettingSource
from protocol.wire.session.desired_session import OwnGlobalGoals
from supervisor.commands.seeding import global_goals
from supervisor.config.goals_config import GoalsConfig

NAMES = OwnGlobalGoals.__struct_fields__
values: dict[str, st.SearchStrategy[Any]] = {
    "ratio": st.none() | st.floats(0, 5),
    "seeding_time_s": st.none() | st.integers(0, 99),
    "inactive_time_s": st.none() | st.integers(1, 99),
    "action": st.sampled_from(["pause", "remove", "remove_files", "super_seed"]),
}
configured = st.builds(GoalsConfig, **values)
own = st.builds(OwnGlobalGoals, **{name: st.just("file") | value for name, value in values.items()})
commands = st.builds(
    UpdateGoals, **{name: st.just(msgspec.UNSET) | st.just("file") | value for name, value in values.items()}
)


@given(own, configured)
def test_each_goal_is_the_clients_or_the_configured_one(own: OwnGlobalGoals, configured: GoalsConfig) -> None:
    """The report has the goals in force, each with who set it."""
    found, report = global_goals.in_force(own, configured), global_goals.report(own, configured)
    for name in NAMES:
        by_client = getattr(own, name) != "file"
        assert getattr(found, name) == getattr(own if by_client else configured, name)
        setting = getattr(report, name)
        assert setting.value == getattr(found, name)
        assert (setting.source is SettingSource.CLIENT) is by_client
        if not by_client:
            default = getattr(configured, name) == getattr(GoalsConfig(), name)
            assert setting.source is (SettingSource.DEFAULT if default else SettingSource.FILE)


@given(own, commands)
def test_a_command_changes_the_given_goals_only(own: OwnGlobalGoals, command: UpdateGoals) -> None:
    """`file` is a value, too: it takes a client's goal back."""
    after = global_goals.changed(own, command)
    for name in NAMES:
        given = getattr(command, name)
        assert getattr(after, name) == (getattr(own, name) if given is msgspec.UNSET else given)
