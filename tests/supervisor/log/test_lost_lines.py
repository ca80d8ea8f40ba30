from supervisor.log.lost_lines import QUIET_S, LostLines


def test_nothing_is_wrong_while_nothing_is_lost() -> None:
    """At any time."""
    lines = LostLines()
    lines.count(1, 0, 0.0)
    assert lines.problem(0.0) is None


def test_a_loss_is_a_problem_for_a_while() -> None:
    """From the last lost line on."""
    lines = LostLines()
    lines.count(1, 3, 100.0)
    lines.count(1, 3, 105.0)
    assert "3" in str(lines.problem(100.0 + QUIET_S - 0.1))
    assert lines.problem(100.0 + QUIET_S) is None


def test_each_engine_counts_anew_and_the_sum_is_told() -> None:
    """A new engine has lost nothing yet."""
    lines = LostLines()
    lines.count(1, 3, 100.0)
    lines.count(2, 0, 101.0)
    lines.count(2, 2, 102.0)
    assert "5" in str(lines.problem(102.0))
