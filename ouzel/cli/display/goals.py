"""Seeding goals in words, and as people type them. Pure."""

import re
from typing import Final, Literal

from ouzel.cli.display.units import format_span
from protocol.wire.goals import GoalName, GoalsReport
from protocol.wire.reports import GlobalGoals, SettingSource

Word = Literal["none", "global", "file"]

NAMES: Final[dict[GoalName, str]] = {"ratio": "ratio", "seeding_time": "seeding time", "inactive_time": "inactivity"}
_WORDS: Final[dict[str, Word]] = {"none": "none", "global": "global", "file": "file"}
_SET_BY: Final = {
    SettingSource.DEFAULT: "",
    SettingSource.FILE: " (in the configuration)",
    SettingSource.CLIENT: " (set by a client)",
}
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


def global_lines(goals: GlobalGoals) -> list[str]:
    """The global goals, each in one line, with who set it."""
    spans = (("seeding time", goals.seeding_time_s), ("inactivity", goals.inactive_time_s))
    values = [
        ("ratio", "none" if goals.ratio.value is None else f"{goals.ratio.value:g}", goals.ratio.source),
        *(
            (name, "none" if each.value is None else format_span(each.value * 1000), each.source)
            for name, each in spans
        ),
        ("action", goals.action.value.replace("_", " "), goals.action.source),
    ]
    return [f"{name}: {value}{_SET_BY[source]}" for name, value, source in values]


def parse_ratio(text: str) -> float | Word:
    """Parses a ratio, `none`, `global` or `file`. Raises ValueError."""
    if (word := _WORDS.get(text)) is not None:
        return word
    try:
        ratio = float(text)
    except ValueError:
        ratio = -1.0
    if not ratio >= 0:
        raise ValueError(f"{text!r} is not a ratio such as 1.5, nor none, global or file")
    return ratio


def parse_span(text: str) -> int | Word:
    """Parses a time such as `90`, `30m`, `12h` or `7d` into seconds, or one of the words. Raises ValueError."""
    if (word := _WORDS.get(text)) is not None:
        return word
    match = _SPAN.match(text)
    if match is None:
        raise ValueError(f"{text!r} is not a time such as 90 (seconds), 30m, 12h or 7d, nor none, global or file")
    return int(match["number"]) * _UNITS[match["unit"]]
