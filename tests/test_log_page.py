"""docs/log.md has every line of the log that the source writes, at its levels and with its fields, and no other."""

import re
from functools import cache
from pathlib import Path
from typing import Final

from supervisor.log.line_budget import BURST, PER_S
from tests import log_calls
from tests.log_calls import Written

PAGE: Final = (Path(__file__).parent.parent / "docs/log.md").read_text()
NOTED_BY_THE_FORM: Final = {"log_lines_lost": Written({"warning"}, {"lines"})}
IMPLIED: Final = {"torrent"}
"""The page says so for a whole table."""


@cache
def written() -> dict[str, Written]:
    """The lines that the source writes. The source is not parsed by each process that collects tests."""
    return log_calls.lines() | NOTED_BY_THE_FORM


def rows() -> dict[str, Written]:
    """The rows of the page's tables."""
    found = re.findall(r"(?m)^\| `(\w+)` \| ([^|]*) \| ([^|]*)\|", PAGE)
    return {event: Written(set(levels.split(", ")), set(fields.strip().split(", "))) for event, levels, fields in found}


def test_it_lists_what_there_is() -> None:
    """All names, and no other."""
    assert sorted(rows()) == sorted(written())


def test_levels_and_fields_are_those_of_the_calls() -> None:
    """All levels; at least the fields in the calls."""
    documented = rows()
    assert {event: row.levels for event, row in documented.items()} == {
        event: lines.levels for event, lines in written().items()
    }
    missing = {event: lines.fields - IMPLIED - documented[event].fields for event, lines in written().items()}
    assert {event: fields for event, fields in missing.items() if fields} == {}


def test_its_figures_are_those_of_the_source() -> None:
    """The figures of the rate limit."""
    assert f"{BURST} lines about torrents are written at once and {PER_S:g} a second" in re.sub(r"\s+", " ", PAGE)
