"""Seeding goals in words, and as people type them. Pure."""

import re
from typing import Final, Literal

from ouzel.cli.display.units import format_span
from protocol.wire.goals import GoalName, GoalsReport

Word = Literal["none", "global"]

NAMES: Final[dict[GoalName, str]] = {"ratio": "ratio", "seeding_time": "seeding time", "inactive_time": "inactivity"}
_WORDS: Final[dict[str, Word]] = {"none": "none", "global": "global"}
_SPAN: Final = re.compile(r"^(?P<number>\d+)\s*(?P<unit>[smhd]?)$")
_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


def describe(goals: GoalsReport | None) -> str:
    """The goals of a torrent in one line."""
    if goals is None:
        return "none"
    parts = [] if goals.ratio is None else [f"ratio {goals.ratio:g}"]
    for name, span_s in (("seeding time", goals.seeding_time_s), ("inactivity", goals.inactive_time_s)):
        if span_s is not None:
            parts.append(f"{name} {format_span(span_s * 1000)}")
    reached = "" if goals.reached is None else f" ({NAMES[goals.reached]} was reached)"
    return f"{' or '.join(parts)}, then {goals.action.replace('_', ' ')}{reached}"


def parse_ratio(text: str) -> float | Word:
    """Parses a ratio, `none` or `global`. Raises ValueError."""
    if (word := _WORDS.get(text)) is not None:
        return word
    try:
        ratio = float(text)
    except ValueError:
        ratio = -1.0
    if not ratio >= 0:
        raise ValueError(f"{text!r} is not a ratio such as 1.5, nor none or global")
    return ratio


def parse_span(text: str) -> int | Word:
    """Parses a time such as `90`, `30m`, `12h` or `7d` into seconds, or `none` or `global`. Raises ValueError."""
    if (word := _WORDS.get(text)) is not None:
        return word
    match = _SPAN.match(text)
    if match is None:
        raise ValueError(f"{text!r} is not a time such as 90 (seconds), 30m, 12h or 7d, nor none or global")
    return int(match["number"]) * _UNITS[match["unit"]]
