"""The preferences of the schedule of the alternative limits. Pure.

qBittorrent has one window. If the schedule has several windows, the first window is shown.
"""

from collections.abc import Mapping
from typing import Final

from gateway.qbittorrent.preferences.row import Change, Row, Value, View
from protocol.wire.session.desired_session import DAYS, Day, ScheduleWindow

_DAYS: Final[tuple[tuple[Day, ...], ...]] = (DAYS, DAYS[:5], DAYS[5:], *((day,) for day in DAYS))
"""The days for each number of `scheduler_days`."""
_TIMES: Final = {"schedule_from_hour": 8, "schedule_from_min": 0, "schedule_to_hour": 20, "schedule_to_min": 0}
"""The default times of the schedule."""


def _window(view: View) -> ScheduleWindow | None:
    alternative = None if view.limits is None else view.limits.alternative
    return alternative.schedule[0] if alternative is not None and alternative.schedule else None


def _days(view: View) -> Value:
    window = _window(view)
    if window is None:
        return view.stored.get("scheduler_days", 0)
    found = [number for number, days in enumerate(_DAYS) if set(days) == set(window.days)]
    return found[0] if found else 0


def _time(key: str) -> Row:
    _, end, part = key.split("_")

    def read(view: View) -> Value:
        window = _window(view)
        if window is None:
            return view.stored.get(key, _TIMES[key])
        hour, _, minute = (window.start if end == "from" else window.to).partition(":")
        return int(hour if part == "hour" else minute)

    return Row(key, read, _write)


def _write(wanted: Mapping[str, Value], change: Change) -> None:
    change.stored |= {key: wanted[key] for key in (*_TIMES, "scheduler_days")}
    change.alternative |= {
        "alternative_download_bps": max(0, wanted["alt_dl_limit"]),
        "alternative_upload_bps": max(0, wanted["alt_up_limit"]),
        "schedule": [_wanted_window(wanted)] if wanted["scheduler_enabled"] else [],
    }


def _wanted_window(wanted: Mapping[str, Value]) -> ScheduleWindow:
    def time(end: str) -> str:
        hour, minute = wanted[f"schedule_{end}_hour"], wanted[f"schedule_{end}_min"]
        return f"{min(max(hour, 0), 23):02}:{min(max(minute, 0), 59):02}"

    days = wanted["scheduler_days"]
    return ScheduleWindow(days=list(_DAYS[days if 0 <= days < len(_DAYS) else 0]), start=time("from"), to=time("to"))


SCHEDULE: Final = (
    Row("scheduler_enabled", lambda view: _window(view) is not None, _write),
    *(_time(key) for key in _TIMES),
    Row("scheduler_days", _days, _write),
)
"""The preferences of the schedule."""
