"""Schedules as people type and read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ouzel.cli.display.schedule import describe, parse_window
from protocol.wire.session.desired_session import DAYS, ScheduleWindow

times = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
days = st.sets(st.sampled_from(DAYS), min_size=1).map(lambda found: [day for day in DAYS if day in found])


@given(st.builds(ScheduleWindow, days=days, start=times, to=times))
def test_what_is_described_can_be_typed(window: ScheduleWindow) -> None:
    """A window is read as it is shown."""
    assert parse_window(describe([window])) == window


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("22:00-6:00", "22:00-06:00"),
        (" Mon-Fri  08:00-17:00", "mon-fri 08:00-17:00"),
        ("fri-mon 0:00-24:00", None),
        ("fri-mon 0:00-0:00", "mon,fri,sat,sun 00:00-00:00"),
        ("sun,sat 10:00-23:00", "sat,sun 10:00-23:00"),
        ("mon-sun 10:00-23:00", "10:00-23:00"),
        ("monday 10:00-23:00", None),
        ("mon,-tue 10:00-23:00", None),
        ("10:00", None),
        ("10-12", None),
        ("", None),
    ],
)
def test_windows(text: str, shown: str | None) -> None:
    """What is none is refused."""
    if shown is None:
        with pytest.raises(ValueError, match="is not a"):
            parse_window(text)
    else:
        assert describe([parse_window(text)]) == shown


def test_no_windows() -> None:
    """It is a word, too."""
    assert describe([]) == "none"
