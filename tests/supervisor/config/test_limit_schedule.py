from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.wire.session.desired_session import DAYS, Day, DesiredSession, OwnAlternativeLimits, ScheduleWindow
from supervisor.config.limit_schedule import (
    AlternativeLimits,
    LimitsInForce,
    LocalTime,
    Window,
    in_force,
    limits_report,
    problems,
    scheduled,
)

MONDAY, SUNDAY = 0, 6
times = st.builds(LocalTime, weekday=st.integers(0, 6), minute=st.integers(0, 1439))


def window(start: str, end: str, *days: Day) -> Window:
    """A window; without days, it begins on all of them."""
    return Window(start=start, to=end, days=list(days or DAYS))


def at(weekday: int, text: str) -> LocalTime:
    """A local time."""
    hours, minutes = text.split(":")
    return LocalTime(weekday, int(hours) * 60 + int(minutes))


@pytest.mark.parametrize(
    ("weekday", "time", "covered"),
    [(0, "07:59", False), (0, "08:00", True), (0, "16:59", True), (0, "17:00", False), (1, "12:00", False)],
)
def test_a_window_within_a_day(weekday: int, time: str, covered: bool) -> None:
    """The end does not belong to it, nor do other days."""
    assert scheduled([window("08:00", "17:00", "mon")], at(weekday, time)) is covered


@pytest.mark.parametrize(
    ("weekday", "time", "covered"),
    [
        (SUNDAY, "21:59", False),
        (SUNDAY, "22:00", True),
        (SUNDAY, "23:59", True),
        (MONDAY, "00:00", True),
        (MONDAY, "05:59", True),
        (MONDAY, "06:00", False),
        (MONDAY, "22:00", False),
        (SUNDAY, "05:59", False),
    ],
)
def test_a_window_across_midnight(weekday: int, time: str, covered: bool) -> None:
    """It belongs to the day on which it begins, also across the end of the week."""
    assert scheduled([window("22:00", "06:00", "sun")], at(weekday, time)) is covered


@given(now=times, start=st.sampled_from(["00:00", "13:07"]))
def test_equal_ends_are_a_whole_day(now: LocalTime, start: str) -> None:
    """With all days that is always; without windows, never."""
    assert scheduled([window(start, start)], now)
    assert not scheduled([], now)


@given(now=times, days=st.lists(st.sampled_from(DAYS), min_size=1))
def test_windows_add_up(now: LocalTime, days: list[Day]) -> None:
    """Two windows are as good as the one that they make up."""
    assert scheduled([window("22:00", "00:00", *days), window("20:00", "22:00", *days)], now) == scheduled(
        [window("20:00", "00:00", *days)], now
    )


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 29), 2), ((2026, 10, 25), 4), ((2026, 7, 5), 3)])
def test_the_clock_of_the_wall_counts_when_it_changes(day: tuple[int, int, int], hours: int) -> None:
    """In Berlin, a window from 01:00 to 04:00 has two hours when daylight saving time begins, and four when it ends."""
    zone, covered = ZoneInfo("Europe/Berlin"), 0
    begin = datetime(*day, tzinfo=zone).astimezone(UTC)
    for minute in range(12 * 60):
        local = (begin + timedelta(minutes=minute)).astimezone(zone)
        covered += scheduled([window("01:00", "04:00")], LocalTime(local.weekday(), local.hour * 60 + local.minute))
    assert covered == hours * 60


@pytest.mark.parametrize(
    ("switch", "time", "limits"),
    [
        (None, "23:00", LimitsInForce(10, 20, alternative=True)),
        (None, "12:00", LimitsInForce(1, 7, alternative=False)),
        (True, "12:00", LimitsInForce(10, 20, alternative=True)),
        (False, "23:00", LimitsInForce(1, 7, alternative=False)),
    ],
)
def test_the_switch_overrides_the_schedule(switch: bool | None, time: str, limits: LimitsInForce) -> None:
    """And clients override the normal limits of the configuration."""
    other, session = AlternativeLimits(download_bps=10, upload_bps=20), DesiredSession(upload_bps=7, alternative=switch)
    report = limits_report((1, 2), other, [window("22:00", "06:00")], session, at(MONDAY, time))
    assert in_force(report) == limits
    assert report.alternative is not None
    assert (report.alternative.switch, report.alternative.scheduled) == (switch, time == "23:00")


def test_without_alternative_limits_the_switch_does_nothing() -> None:
    """They may have been taken out of the configuration after a client switched them on."""
    report = limits_report((1, 2), None, [], DesiredSession(alternative=True), at(MONDAY, "12:00"))
    assert in_force(report) == (1, 2, False)
    assert "alternative" not in msgspec.to_builtins(report)


def test_all_problems_are_found() -> None:
    """Each names its key."""
    schedule = [window("24:00", "6:00"), Window(start="22:00", to="06:00", days=[])]
    assert [key for key, _ in problems(schedule, alternative=True)] == [
        "limits.schedule[0].from",
        "limits.schedule[0].to",
        "limits.schedule[1].days",
    ]
    assert list(problems([window("22:00", "06:00")], alternative=True)) == []
    assert [key for key, _ in problems([window("22:00", "06:00")], alternative=False)] == ["limits.schedule"]


def test_values_of_clients_override_the_configuration() -> None:
    """Each by itself, and each with who set it. A window of a client decides as a configured one does."""
    configured, windows = AlternativeLimits(download_bps=10, upload_bps=20), [window("22:00", "06:00")]
    own = OwnAlternativeLimits(upload_bps=5, schedule=[ScheduleWindow(start="12:00", to="13:00")])
    session = DesiredSession(alternative_limits=own)
    report = limits_report((1, 2), configured, windows, session, at(MONDAY, "12:30"))
    assert in_force(report) == (10, 5, True)
    assert report.alternative is not None
    assert report.alternative.schedule == own.schedule
    assert report.alternative.sources == {"download_bps": "file", "upload_bps": "client", "schedule": "client"}
    assert in_force(limits_report((1, 2), configured, windows, session, at(MONDAY, "23:00"))) == (1, 2, False)
    never = DesiredSession(alternative_limits=OwnAlternativeLimits(schedule=[]))
    assert in_force(limits_report((1, 2), configured, windows, never, at(MONDAY, "23:00"))) == (1, 2, False)


def test_a_client_can_give_alternative_limits_that_are_not_configured() -> None:
    """A limit that nobody has set is none. What a schedule alone says has no effect."""
    session = DesiredSession(alternative=True, alternative_limits=OwnAlternativeLimits(download_bps=7))
    report = limits_report((1, 2), None, [], session, at(MONDAY, "12:00"))
    assert in_force(report) == (7, 0, True)
    assert report.alternative is not None
    assert report.alternative.sources == {"download_bps": "client", "upload_bps": "default", "schedule": "default"}
    alone = OwnAlternativeLimits(schedule=[ScheduleWindow(start="12:00", to="12:00")])
    report = limits_report((1, 2), None, [], DesiredSession(alternative_limits=alone), at(MONDAY, "12:00"))
    assert (in_force(report), report.alternative) == ((1, 2, False), None)
