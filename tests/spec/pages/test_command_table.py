"""The table of commands: no hole in it, and each entry exists."""

import ast
from pathlib import Path
from typing import Final

import pytest

from ouzel.cli.examples import EXAMPLES
from ouzel.client.methods import AsyncMethods, Methods
from protocol.wire.operations import OPERATIONS
from tools.spec.pages.command_table import ROWS
from tools.spec.python_client import NO_METHODS

TESTS: Final = Path(__file__).parents[2] / "end_to_end"


def test_each_command_has_a_row() -> None:
    """And a method in both clients, but for those that event streams make."""
    assert sorted(ROWS) == sorted(OPERATIONS)
    for methods in (Methods, AsyncMethods):
        assert {op for op in OPERATIONS if not hasattr(methods, op)} == NO_METHODS


@pytest.mark.parametrize("op", ROWS)
def test_what_a_row_names_exists(op: str) -> None:
    """The commands of the command line, and the test."""
    row = ROWS[op]
    assert row.shell or op == "get_spans"
    assert set(row.shell) <= set(EXAMPLES)
    file, name = row.test
    found = ast.parse((TESTS / file).read_text()).body
    assert name in {each.name for each in found if isinstance(each, ast.FunctionDef)}
