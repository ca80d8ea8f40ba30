"""The log lines that the source writes, by its calls: name, levels and fields of each."""

import ast
from pathlib import Path
from typing import Final, NamedTuple

from supervisor.events.event_lines import LEVELS_BY_EVENT

ROOT: Final = Path(__file__).parent.parent
LEVELS: Final = ("debug", "info", "warning", "error", "critical")
METHODS: Final = {**{level: (level,) for level in LEVELS}, "exception": ("error",), "log": ("info", "error")}

NOT_LITERAL: Final = {
    "supervisor/access/access.py": {"refused", "subscriber_hung_up"},
    "supervisor/log/logs.py": set(),
    "supervisor/events/event_logger.py": set(),
}
"""Files in which a call names its event by a variable, and the names."""


class Written(NamedTuple):
    """The levels and fields of all calls with one name."""

    levels: set[str]
    fields: set[str]


def lines() -> dict[str, Written]:
    """All lines, by name."""
    found = {event: Written(set(levels), set()) for event, levels in LEVELS_BY_EVENT.items()}
    for package in ("supervisor", "engine_proc"):
        for file in sorted((ROOT / package).rglob("*.py")):
            path = str(file.relative_to(ROOT))
            for event, levels, fields in _calls(path, file.read_text()):
                written = found.setdefault(event, Written(set(), set()))
                written.levels.update(levels)
                written.fields.update(fields)
    return found


def _calls(path: str, source: str) -> list[tuple[str, tuple[str, ...], set[str]]]:
    found: list[tuple[str, tuple[str, ...], set[str]]] = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or (levels := _levels(node)) is None:
            continue
        literals = [each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        names = [each for each in literals if each not in LEVELS]
        fields = {each.arg for each in node.keywords if each.arg not in (None, "exc_info")}
        if names:
            found.append((names[0], levels, {str(each) for each in fields}))
        else:
            assert path in NOT_LITERAL, f"{path}:{node.lineno}: name the event by a literal, or list the file here"
            found += [(name, levels, {str(each) for each in fields}) for name in NOT_LITERAL[path]]
    return found


def _levels(call: ast.Call) -> tuple[str, ...] | None:
    """The levels at which a call logs; None if it is no logging call."""
    match call.func:
        case ast.Attribute(value=ast.Name(id="log") | ast.Attribute(attr="_log"), attr=method) if method in METHODS:
            return METHODS[method]
        case ast.Name(id="log"):  # the engine's
            return _engine_levels(call.args[0])
        case _:
            return None


def _engine_levels(level: ast.expr) -> tuple[str, ...]:
    constants = [each.value for each in ast.walk(level) if isinstance(each, ast.Constant)]
    return tuple(str(each) for each in constants if each in LEVELS)
