"""The table of where a run's time goes."""

from tests.timings import Spent, slowest, table


def test_phases_are_added_up_by_test_and_folder() -> None:
    """Set-up and tear-down count, since shared fixtures take most of the time."""
    spent = [
        Spent("tests/a/test_x.py::test_1", 1.0),
        Spent("tests/a/test_x.py::test_1", 0.5),
        Spent("tests/b/c/test_y.py::test_2[tests/d]", 3.0),
        Spent("tests/a/test_z.py::test_3", 0.5),
    ]
    assert table(spent) == [
        " SECONDS  SHARE  TESTS  FOLDER",
        "     3.0  60.0%      1  tests/b/c",
        "     2.0  40.0%      2  tests/a",
        "     3.0  60.0%      1  tests/b/c/test_y.py::test_2[tests/d]",
        "     1.5  30.0%      1  tests/a/test_x.py::test_1",
        "     0.5  10.0%      1  tests/a/test_z.py::test_3",
    ]


def test_the_slowest_are_recorded_with_all_their_phases() -> None:
    """The slowest first. Quick tests are left out, since there are thousands."""
    spent = [Spent("quick", 0.5), Spent("slow", 3.0), Spent("slow", 1.25), Spent("slowest", 9.0)]
    assert list(slowest(spent).items()) == [("slowest", 9.0), ("slow", 4.2)]
