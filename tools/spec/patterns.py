"""Matches values with patterns, and binds names. A pattern allows values that differ from run to run. Pure.

A map matches if the value has at least these members. An array matches if its members match one by one. A scalar
matches if the value is equal. `{"$some": [patterns]}` matches an array with members that match these patterns in this
order. The array may have other members between them. There are special strings:

- `$any` matches anything.
- `$absent` matches an absent member.
- `$bind:name` matches anything, and binds the value to the name.
- `$get:name` matches the bound value.
- `$get:name+2` matches the bound number plus 2.
- `$above:name` matches a number greater than the bound number.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from tools.spec.wire_json import same

ANY: Final = "$any"
ABSENT: Final = "$absent"
SOME: Final = "$some"

_GET: Final = re.compile(r"\$get:(?P<name>[a-z_]+)(?:\+(?P<more>[0-9]+))?")
_ABOVE: Final = re.compile(r"\$above:(?P<name>[a-z_]+)")
_BIND: Final = re.compile(r"\$bind:(?P<name>[a-z_]+)")

_MISSING: Final = object()

Names = Mapping[str, Any]


def like(value: Any, pattern: Any, names: Names) -> dict[str, Any] | None:
    """Matches a value with a pattern. Returns the bound names. None if the value does not match."""
    match pattern:
        case "$absent":
            return dict(names) if value is _MISSING else None
        case _ if value is _MISSING:
            return None
        case "$any":
            return dict(names)
        case str() if bound := _BIND.fullmatch(pattern):
            return {**names, bound["name"]: value}
        case str() if above := _ABOVE.fullmatch(pattern):
            return dict(names) if isinstance(value, int) and value > names[above["name"]] else None
        case {"$some": list(parts)}:
            return _some(value, parts, names)
        case dict():
            if not isinstance(value, dict):
                return None
            return _all([(value.get(key, _MISSING), part) for key, part in pattern.items()], names)
        case list():
            if not isinstance(value, list) or len(value) != len(pattern):
                return None
            return _all(list(zip(value, pattern, strict=True)), names)
        case _:
            return dict(names) if same(value, filled(pattern, names)) else None


def filled(template: Any, names: Names) -> Any:
    """A template with each `$get:name` replaced by the bound value.

    Raises:
        KeyError: a name is not bound.
    """
    match template:
        case str() if got := _GET.fullmatch(template):
            value = names[got["name"]]
            return value + int(got["more"]) if got["more"] else value
        case dict():
            return {key: filled(each, names) for key, each in template.items()}
        case list():
            return [filled(each, names) for each in template]
        case _:
            return template


def _all(pairs: list[tuple[Any, Any]], names: Names) -> dict[str, Any] | None:
    known: dict[str, Any] | None = dict(names)
    for value, pattern in pairs:
        if known is None:
            return None
        known = like(value, pattern, known)
    return known


def _some(value: Any, parts: list[Any], names: Names) -> dict[str, Any] | None:
    if not isinstance(value, list):
        return None
    known, members = dict(names), iter(value)
    for part in parts:
        for member in members:
            found = like(member, part, known)
            if found is not None:
                known = found
                break
        else:
            return None
    return known
