"""Seeding goals: when they are reached, once, and what makes them apply again."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from protocol.wire.commands.option_commands import UpdateOptions
from protocol.wire.desired import DEFAULT_OPTIONS, TorrentOptions
from protocol.wire.goals import ReachedGoals
from supervisor.commands.option_edits import update_options
from supervisor.commands.seeding import goals
from supervisor.commands.seeding.goals import Figures
from supervisor.config.goals_config import GoalsConfig
from tests.supervisor.samples import V1, desired

ratios = st.sampled_from([0.0, 0.5, 1.0, 2.0])
times = st.integers(0, 100)
own_ratio = st.none() | st.just("global") | ratios
configured = st.builds(
    GoalsConfig,
    ratio=st.none() | ratios,
    seeding_time_s=st.none() | times,
    inactive_time_s=st.none() | st.integers(1, 100),
    action=st.sampled_from(["pause", "remove", "remove_files", "super_seed"]),
)
figures = st.builds(
    lambda ratio, seeding_s, quiet_s: Figures(ratio, seeding_s, max(0, seeding_s - quiet_s)),
    st.none() | st.floats(0, 3),
    times,
    times,
)


@given(configured, figures)
def test_a_goal_is_reached_if_its_figure_is(wanted: GoalsConfig, now: Figures) -> None:
    """The first of those that are reached is reported."""
    quiet_s = now.seeding_s - now.quiet_from_s
    expected = [
        name
        for name, figure, goal in (
            ("ratio", now.ratio, wanted.ratio),
            ("seeding_time", now.seeding_s, wanted.seeding_time_s),
            ("inactive_time", quiet_s, wanted.inactive_time_s),
        )
        if goal is not None and figure is not None and figure >= goal
    ]
    verdict = goals.judge(wanted, now, None)
    assert (None if verdict is None else verdict.goal) == next(iter(expected), None)
    if verdict is not None:
        assert verdict.action == wanted.action


@given(configured, figures, st.floats(0, 3), times)
def test_what_was_acted_on_is_not_acted_on_again(
    wanted: GoalsConfig, now: Figures, more_ratio: float, more_s: int
) -> None:
    """Unless another goal is reached meanwhile, or a whole time of inactivity is over again."""
    verdict = goals.judge(wanted, now, None)
    if verdict is None:
        return
    assert goals.judge(wanted, now, verdict.reached) is None
    later = Figures((now.ratio or 0) + more_ratio, now.seeding_s + more_s, now.quiet_from_s)
    again = goals.judge(wanted, later, verdict.reached)
    assert again is None or again.goal != verdict.goal or (again.goal == "inactive_time" and more_s > 0)
    if again is not None and again.goal == "inactive_time":
        assert wanted.inactive_time_s is not None
        assert more_s >= wanted.inactive_time_s


@given(own_ratio, own_ratio, configured)
def test_own_goals_replace_those_of_the_configuration(first: Any, second: Any, wanted: GoalsConfig) -> None:
    """Each by itself; `global` is that of the configuration, and null is none."""
    options = TorrentOptions(ratio_goal=first, goal_action="remove")
    found = goals.in_force(options, wanted)
    assert found.ratio == (wanted.ratio if first == "global" else first)
    assert (found.seeding_time_s, found.inactive_time_s) == (wanted.seeding_time_s, wanted.inactive_time_s)
    assert found.action == "remove"
    assert goals.in_force(DEFAULT_OPTIONS, wanted) == goals.in_force(TorrentOptions(name="x"), wanted) == wanted


def test_a_goal_that_is_set_applies_again() -> None:
    """Also with its old value. Other options change nothing about what was reached."""
    before = desired(reached=ReachedGoals(goal="ratio", ratio=1.0, seeding_s=5))
    for name in ("ratio_goal", "seeding_time_goal_s", "inactive_time_goal_s"):
        for value in (1, None, "global"):
            given_value: dict[str, Any] = {name: value}
            after = update_options(before, UpdateOptions(torrent=V1, **given_value))
            assert (after.reached, getattr(after.options, name)) == (None, value)
    assert update_options(before, UpdateOptions(torrent=V1, goal_action="pause")).reached is None
    assert update_options(before, UpdateOptions(torrent=V1, max_uploads=3)).reached == before.reached


def test_rows_show_the_goals_in_force() -> None:
    """Null if there are none."""
    reached = ReachedGoals(goal="inactive_time", seeding_s=5)
    assert goals.report(desired(), GoalsConfig(action="remove")) is None
    shown = goals.report(
        desired(options=TorrentOptions(ratio_goal=None, seeding_time_goal_s=9), reached=reached), GoalsConfig(ratio=2)
    )
    assert shown is not None
    assert (shown.ratio, shown.seeding_time_s, shown.inactive_time_s) == (None, 9, None)
    assert (shown.action, shown.reached) == ("pause", "inactive_time")


class GoalLife(RuleBasedStateMachine):
    """A seeding torrent that a goal pauses, its user resumes, and restarts interrupt."""

    def __init__(self) -> None:
        super().__init__()
        self.goals = GoalsConfig()
        self.reached: ReachedGoals | None = None
        self.paused = False
        self.ratio, self.seeding_s, self.quiet_from_s = 0.0, 0, 0
        self.changed = False
        self.acted: list[tuple[str, float | None]] = []

    @rule(wanted=configured)
    def configure(self, wanted: GoalsConfig) -> None:
        """Another configuration."""
        self.goals, self.changed = wanted, True
        self.check()

    @rule(seconds=st.integers(1, 60), uploads=st.booleans())
    def seed(self, seconds: int, uploads: bool) -> None:
        """Time passes, with a transfer at its end or without."""
        if self.paused:
            return
        self.seeding_s += seconds
        if uploads:
            self.ratio, self.quiet_from_s = self.ratio + seconds / 40, self.seeding_s
        self.check()

    @rule()
    def resume(self) -> None:
        """The user resumes it: it is not paused again at once, unless by a new goal."""
        if self.paused:
            self.paused, changed = False, self.changed
            self.check()
            assert changed or not self.paused

    @rule()
    def lose_some_totals(self) -> None:
        """A kill of the supervisor, which loses some seconds."""
        if not self.paused:
            self.seeding_s = max(0, self.seeding_s - 5)
            self.quiet_from_s = min(self.quiet_from_s, self.seeding_s)

    def check(self) -> None:
        """One tick."""
        if self.paused:
            return
        verdict = goals.judge(self.goals, Figures(self.ratio, self.seeding_s, self.quiet_from_s), self.reached)
        if verdict is not None:
            self.paused, self.reached, self.changed = True, verdict.reached, False
            if verdict.goal == "ratio":
                assert self.goals.ratio is not None
                assert self.ratio >= self.goals.ratio
                assert self.acted[-1:] != [("ratio", self.goals.ratio)]
                self.acted.append(("ratio", self.goals.ratio))

    @invariant()
    def seeds_no_further_than_it_must(self) -> None:
        """While it seeds, each goal that is reached was acted on, or reached with another one that was."""
        if self.paused or self.goals.ratio is None or self.ratio < self.goals.ratio:
            return
        assert self.reached is not None
        assert self.reached.ratio == self.goals.ratio


TestGoalLife = GoalLife.TestCase
TestGoalLife.settings = settings(max_examples=40, stateful_step_count=25)
