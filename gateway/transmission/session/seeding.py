"""The preferences of the seeding limits, which are the daemon's global seeding goals. Pure."""

from typing import Final

from gateway.transmission.arguments import Arguments, clamped, flag, integer, number
from gateway.transmission.numbers import real
from gateway.transmission.session.preference import Preference
from gateway.transmission.session.state import Change, State

DEFAULT_RATIO: Final = 2.0
DEFAULT_IDLE_MIN: Final = 30
RATIO_MAX: Final = 1_000_000.0
IDLE_MAX_MIN: Final = (2**31 - 1) // 60


def _ratio(state: State) -> float | None:
    return None if state.goals is None else state.goals.ratio.value


def _idle_min(state: State) -> int | None:
    seconds = None if state.goals is None else state.goals.inactive_time_s.value
    return None if seconds is None else max(1, seconds // 60)


def _known_ratio(state: State) -> float:
    """The ratio limit. While the limit is off, its last value."""
    present = _ratio(state)
    return float(state.stored("seedRatioLimit", DEFAULT_RATIO)) if present is None else present


def _known_idle(state: State) -> int:
    present = _idle_min(state)
    return int(state.stored("idle-seeding-limit", DEFAULT_IDLE_MIN)) if present is None else present


def _write_ratio(change: Change, arguments: Arguments, _: str) -> None:
    given, enabled = number(arguments, "seedRatioLimit"), flag(arguments, "seedRatioLimited")
    limit = _known_ratio(change.state) if given is None else min(max(given, 0.0), RATIO_MAX)
    change.stored["seedRatioLimit"] = limit
    if enabled is False:
        change.goals["ratio"] = "none"
    elif enabled or _ratio(change.state) is not None:
        change.goals["ratio"] = limit


def _write_idle(change: Change, arguments: Arguments, _: str) -> None:
    given, enabled = integer(arguments, "idle-seeding-limit"), flag(arguments, "idle-seeding-limit-enabled")
    limit = _known_idle(change.state) if given is None else clamped(given, 1, IDLE_MAX_MIN)
    change.stored["idle-seeding-limit"] = limit
    if enabled is False:
        change.goals["inactive_time_s"] = "none"
    elif enabled or _idle_min(change.state) is not None:
        change.goals["inactive_time_s"] = limit * 60


SEEDING: Final = {
    "idle-seeding-limit": Preference(_known_idle, _write_idle),
    "idle-seeding-limit-enabled": Preference(lambda state: _idle_min(state) is not None, _write_idle),
    "seedRatioLimit": Preference(lambda state: real(_known_ratio(state)), _write_ratio),
    "seedRatioLimited": Preference(lambda state: _ratio(state) is not None, _write_ratio),
}
