"""Finds the differences of two answers. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tools.interop.differential.call import Answer

IDENTITIES: Final = ("hash", "hashString", "url", "name", "announce")
"""The fields by which rows are told apart. Lists of texts are compared in any order, too."""
ABSENT: Final = "absent"
_VARIABLE: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}|[a-z*]+://.*|\*\* .*")
"""Keys and identities that are data."""


@dataclass(frozen=True)
class Difference:
    """One field that differs.

    Fields:
        field: the path of the field, such as `body.*.name`; `*` stands for a row.
        row: the identity of the row. Empty if the field is not in a row.
        theirs, ours: the values. `ABSENT` if only the other side has the field.
    """

    field: str
    row: str
    theirs: Any
    ours: Any

    def __str__(self) -> str:
        row = f" [{self.row}]" if self.row else ""
        return f"{self.field}{row}: there {_short(self.theirs)}, here {_short(self.ours)}"


def differences(theirs: Answer, ours: Answer, sort: str = "") -> list[Difference]:
    """Returns all differences.

    Args:
        sort: the field by which both lists of rows must be sorted. If `sort` is not given, the order of rows does not
            matter.
    """
    found = []
    if theirs.status != ours.status:
        found.append(Difference("status", "", theirs.status, ours.status))
    if theirs.kind != ours.kind:
        found.append(Difference("content type", "", theirs.kind, ours.kind))
    found += _compare("body", "", theirs.body, ours.body)
    if sort and isinstance(theirs.body, list) and isinstance(ours.body, list):
        orders = [[row.get(sort) for row in each if isinstance(row, dict)] for each in (theirs.body, ours.body)]
        if orders[0] != orders[1]:
            found.append(Difference("body.order", "", *orders))
    return found


def _compare(field: str, row: str, theirs: Any, ours: Any) -> Iterator[Difference]:
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in dict.fromkeys((*theirs, *ours)):
            variable = bool(_VARIABLE.fullmatch(key))
            below, there = (f"{field}.*", row + key) if variable else (f"{field}.{key}", row)
            yield from _member(below, there, theirs.get(key, ABSENT), ours.get(key, ABSENT))
    elif isinstance(theirs, list) and isinstance(ours, list):
        identity = _identity(theirs, ours)
        if identity is None:
            if all(isinstance(each, str) for each in (*theirs, *ours)):
                if sorted(theirs) != sorted(ours):
                    yield Difference(field, row, sorted(theirs), sorted(ours))
                return
            if len(theirs) != len(ours):
                yield Difference(f"{field}.length", row, len(theirs), len(ours))
            for number, (one, other) in enumerate(zip(theirs, ours, strict=False)):
                yield from _compare(f"{field}.*", f"{row}{number}", one, other)
            return
        mine, yours = _by(identity, ours), _by(identity, theirs)
        for key in dict.fromkeys((*yours, *mine)):
            yield from _member(f"{field}.*", f"{row}{key}", yours.get(key, ABSENT), mine.get(key, ABSENT))
    elif type(theirs) is not type(ours) or theirs != ours:
        yield Difference(field, row, theirs, ours)


def _member(field: str, row: str, theirs: Any, ours: Any) -> Iterator[Difference]:
    if ABSENT in (theirs if isinstance(theirs, str) else "", ours if isinstance(ours, str) else ""):
        if theirs != ours:
            yield Difference(field, row, theirs, ours)
        return
    yield from _compare(field, row, theirs, ours)


def _identity(*lists: list[Any]) -> str | None:
    rows = [row for each in lists for row in each]
    if not rows or not all(isinstance(row, dict) for row in rows):
        return None
    for name in IDENTITIES:
        if all(name in row for row in rows) and all(len(_by(name, each)) == len(each) for each in lists):
            return name
    return None


def _by(identity: str, rows: list[Mapping[str, Any]]) -> dict[str, Any]:
    return {str(row[identity]): row for row in rows}


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:120]}…"
