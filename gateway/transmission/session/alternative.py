"""The preferences of the alternative limits and their schedule. Pure.

A schedule in Transmission has one window. `session-set` replaces Ouzel's whole schedule by this window.
"""

from typing import Any, Final

from gateway.transmission.arguments import Arguments, clamped, flag, integer
from gateway.transmission.session.preference import KB, Preference
from gateway.transmission.session.state import Change, State
from protocol.wire.desired import LIMIT_MAX_BPS
from protocol.wire.reports import AlternativeReport
from protocol.wire.session.desired_session import ScheduleWindow

DEFAULT_KB: Final = 50
DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
"""The days in the order of the bits in `alt-speed-time-day`, from 1."""
MINUTES: Final = 24 * 60
_SCHEDULE: Final = {
    "alt-speed-time-begin": 540,
    "alt-speed-time-day": 127,
    "alt-speed-time-end": 1020,
}
"""The default schedule. It is switched off."""


def _report(state: State) -> AlternativeReport | None:
    return None if state.limits is None else state.limits.alternative


def _enabled(state: State) -> bool:
    found = _report(state)
    return found is not None and found.in_force


def _write_enabled(change: Change, arguments: Arguments, name: str) -> None:
    value = flag(arguments, name)
    if value is None or value == _enabled(change.state):
        return
    if value and _report(change.state) is None:
        for direction in ("download", "upload"):
            change.limits.setdefault(f"alternative_{direction}_bps", DEFAULT_KB * KB)
    change.limits["alternative"] = value


def _limit(direction: str) -> Preference:
    def read(state: State) -> int:
        found = _report(state)
        if found is None:
            return DEFAULT_KB
        return (found.download_bps if direction == "download" else found.upload_bps) // KB

    def write(change: Change, arguments: Arguments, name: str) -> None:
        value = integer(arguments, name)
        if value is not None:
            change.limits[f"alternative_{direction}_bps"] = clamped(value * KB, 1, LIMIT_MAX_BPS)

    return Preference(read, write)


def _minutes(time: str) -> int:
    hours, _, minutes = time.partition(":")
    return int(hours) * 60 + int(minutes)


def _time(minutes: int) -> str:
    return "{:02}:{:02}".format(*divmod(minutes % MINUTES, 60))


def _schedule(state: State) -> dict[str, Any]:
    """Returns the schedule's preferences. They are from the first window. Without a window, they are from the store."""
    found = _report(state)
    if found is None or not found.schedule:
        return {name: state.stored(name, default) for name, default in _SCHEDULE.items()}
    window = found.schedule[0]
    return {
        "alt-speed-time-begin": _minutes(window.start),
        "alt-speed-time-day": sum(1 << place for place, day in enumerate(DAYS) if day in window.days),
        "alt-speed-time-end": _minutes(window.to),
    }


def _scheduled(state: State) -> bool:
    found = _report(state)
    return found is not None and bool(found.schedule)


def _write_schedule(change: Change, arguments: Arguments, _: str) -> None:
    values = _schedule(change.state)
    for name in _SCHEDULE:
        given = integer(arguments, name)
        if given is not None:
            values[name] = clamped(given, 0, 127 if name.endswith("day") else MINUTES - 1)
    change.stored.update(values)
    enabled = flag(arguments, "alt-speed-time-enabled")
    if enabled is None and not _scheduled(change.state):
        return
    days = [day for place, day in enumerate(DAYS) if values["alt-speed-time-day"] >> place & 1]
    if enabled is False or not days:
        change.limits["schedule"] = []
        return
    if _report(change.state) is None:
        for direction in ("download", "upload"):
            change.limits.setdefault(f"alternative_{direction}_bps", DEFAULT_KB * KB)
    window = ScheduleWindow(
        days=days,  # type: ignore[arg-type]  # DAYS has the same names
        start=_time(values["alt-speed-time-begin"]),
        to=_time(values["alt-speed-time-end"]),
    )
    change.limits["schedule"] = [window]
    if enabled and flag(arguments, "alt-speed-enabled") is None:
        change.limits["alternative"] = "auto"


def _part(name: str) -> Preference:
    return Preference(lambda state: _schedule(state)[name], _write_schedule)


ALTERNATIVE: Final = {
    "alt-speed-down": _limit("download"),
    "alt-speed-enabled": Preference(_enabled, _write_enabled),
    "alt-speed-time-begin": _part("alt-speed-time-begin"),
    "alt-speed-time-day": _part("alt-speed-time-day"),
    "alt-speed-time-enabled": Preference(_scheduled, _write_schedule),
    "alt-speed-time-end": _part("alt-speed-time-end"),
    "alt-speed-up": _limit("upload"),
}
