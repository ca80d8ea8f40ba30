"""docs/log.md has every line of the log that the source writes, at its levels and with its fields, and no other."""

import re
from pathlib import Path
from typing import Final

import pytest

from supervisor.log.line_budget import BURST, PER_S
from tests import log_calls
from tests.log_calls import Written

PAGE: Final = (Path(__file__).parent.parent / "docs/log.md").read_text()
NOTED_BY_THE_FORM: Final = {"log_lines_lost": Written({"warning"}, {"lines"})}
IMPLIED: Final = {"torrent"}
"""The page says so for a whole table."""

WRITTEN: Final = log_calls.lines() | NOTED_BY_THE_FORM


def rows() -> dict[str, Written]:
    """The rows of the page's tables."""
    found = re.findall(r"(?m)^\| `(\w+)` \| ([^|]*) \| ([^|]*)\|", PAGE)
    return {event: Written(set(levels.split(", ")), set(fields.strip().split(", "))) for event, levels, fields in found}


def test_it_lists_what_there_is() -> None:
    """All names, and no other."""
    assert sorted(rows()) == sorted(WRITTEN)


@pytest.mark.parametrize("event", sorted(WRITTEN))
def test_levels_and_fields_are_those_of_the_calls(event: str) -> None:
    """All levels; at least the fields in the calls."""
    row = rows()[event]
    assert row.levels == WRITTEN[event].levels
    assert WRITTEN[event].fields - IMPLIED <= row.fields


def test_its_figures_are_those_of_the_source() -> None:
    """The figures of the rate limit."""
    assert f"{BURST} lines about torrents are written at once and {PER_S:g} a second" in re.sub(r"\s+", " ", PAGE)
