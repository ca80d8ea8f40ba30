from itertools import pairwise
from typing import get_args

import pytest

from protocol.wire.errors import ErrorKind
from protocol.wire.events.event import MAX_EVENT_FILES, Event
from protocol.wire.events.torrent_events import FilesDiscovered
from protocol.wire.operations import OPERATIONS
from protocol.wire.reports import EngineState
from supervisor.engine.life import lifecycle
from tests.spec.test_meanings import public
from tools.spec.meanings import meanings
from tools.spec.pages import page
from tools.spec.pages.page import regions
from tools.spec.types import anchor


def test_tables_are_markdown() -> None:
    """One line for each row."""
    assert page.table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


@pytest.mark.parametrize("name", regions())
def test_tables_have_as_many_cells_in_each_row(name: str) -> None:
    """A bar in a pattern is escaped."""
    lines = [line.replace("\\|", "") for line in regions()[name].splitlines()]
    for above, line in pairwise(lines):
        if above.startswith("| ") and line.startswith("| "):
            assert above.count("|") == line.count("|"), line


def test_nothing_is_left_out() -> None:
    """Each op, event and error is in it; each nested message has a table of its own."""
    told = regions()
    for op in OPERATIONS:
        assert f"### {op}\n" in told["operations"]
    for kind in get_args(Event):
        assert f"event `{kind.__struct_config__.tag}`" in told["events"]
    for error in ErrorKind:
        assert f"| {error.code} | `{error.wire_name}` | `{error.retry}` |" in told["errors"]
    tables = told["types"] + told["operations"] + told["events"]
    outer = {each for operation in OPERATIONS.values() for each in (operation.arguments, operation.result)}
    inner = [kind for kind in public() if kind not in outer and kind not in get_args(Event)]
    missing = [anchor(kind) for kind in inner if f"### {anchor(kind)}\n" not in tables]
    assert missing == ["ErrorBody", "EventFrame", "Reply", "Request"]


def test_words_agree_with_numbers_and_names_elsewhere() -> None:
    """If a docstring has a number, or a machine has states that the protocol has, too."""
    assert str(MAX_EVENT_FILES) in meanings(FilesDiscovered)["files"]
    assert [state.value for state in EngineState] == [state.value for state in lifecycle.State]
