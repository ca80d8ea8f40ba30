"""The schedule of the alternative limits in words, and as people type it. Pure."""

import re
from collections.abc import Iterable
from typing import Final

from protocol.text.patterns import TIME_OF_DAY
from protocol.wire.session.desired_session import DAYS, Day, ScheduleWindow

_WINDOW: Final = re.compile(r"((?P<days>[a-z,-]+) +)?(?P<start>[0-9:]+)-(?P<to>[0-9:]+)")


def describe(schedule: Iterable[ScheduleWindow]) -> str:
    """The windows of a schedule in one line, each as `parse_window` reads it."""
    return "; ".join(_window(window) for window in schedule) or "none"


def parse_window(text: str) -> ScheduleWindow:
    """Parses a window such as `22:00-06:00`, `mon-fri 8:00-17:00` or `sat,sun 10:00-23:00`. Raises ValueError."""
    match = _WINDOW.fullmatch(text.strip().lower())
    if match is None:
        raise ValueError(f"{text!r} is not a window such as 22:00-06:00 or 'mon-fri 22:00-06:00'")
    days = list(DAYS) if match["days"] is None else _days(match["days"])
    return ScheduleWindow(days=days, start=_time(match["start"]), to=_time(match["to"]))


def _window(window: ScheduleWindow) -> str:
    first, last = DAYS.index(window.days[0]), DAYS.index(window.days[-1])
    if len(window.days) == len(DAYS):
        days = ""
    elif len(window.days) > 2 and last - first == len(window.days) - 1:
        days = f"{DAYS[first]}-{DAYS[last]} "
    else:
        days = f"{','.join(window.days)} "
    return f"{days}{window.start}-{window.to}"


def _days(text: str) -> list[Day]:
    """Parses days, such as `mon`, `mon,wed` or `fri-mon`."""
    found: list[Day] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        begin, end = _day(first), _day(last or first)
        found += [DAYS[(begin + step) % len(DAYS)] for step in range((end - begin) % len(DAYS) + 1)]
    return [day for day in DAYS if day in found]


def _day(text: str) -> int:
    if text not in DAYS:
        raise ValueError(f"{text!r} is not a day: {', '.join(DAYS)}")
    return DAYS.index(text)


def _time(text: str) -> str:
    padded = text.zfill(len("00:00"))
    if re.match(TIME_OF_DAY, padded) is None:
        raise ValueError(f"{text!r} is not a time of day, such as 22:00")
    return padded
