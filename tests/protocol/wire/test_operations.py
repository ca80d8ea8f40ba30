import importlib
import pkgutil

import msgspec
import pytest

from protocol.wire import commands
from protocol.wire.commands.kinds import Command, DiskRead, InstantRead, Mutation, PagedRead
from protocol.wire.errors import ErrorKind
from protocol.wire.operations import ALWAYS, OF_MUTATIONS, OPERATIONS
from protocol.wire.results import CutRow
from protocol.wire.rows import DETAIL_FIELDS, ROW_FIELDS


def test_every_command_has_a_row() -> None:
    """And one kind, which determines how it is answered."""
    modules = [
        importlib.import_module(each.name) for each in pkgutil.walk_packages(commands.__path__, f"{commands.__name__}.")
    ]
    found = [each for module in modules for each in vars(module).values()]
    verbs = {each for each in found if isinstance(each, type) and issubclass(each, Command)}
    tagged = {verb for verb in verbs if verb.__struct_config__.tag != verb.__name__}
    rows = [operation.arguments for operation in OPERATIONS.values()]
    assert len(rows) == len(tagged)
    assert set(rows) == tagged
    for row in rows:
        assert sum(issubclass(row, kind) for kind in (Mutation, InstantRead, PagedRead, DiskRead)) == 1


@pytest.mark.parametrize("op", OPERATIONS)
def test_a_row_names_an_error_once_for_each_reason(op: str) -> None:
    """And none without a reason twice."""
    refusals = OPERATIONS[op].refusals
    assert len(set(refusals)) == len(refusals)
    assert set(ALWAYS) <= set(refusals)
    assert (set(OF_MUTATIONS) <= set(refusals)) == OPERATIONS[op].mutates


def test_each_error_is_given_by_some_command() -> None:
    """No row of the error table is left over."""
    assert {refusal.kind for operation in OPERATIONS.values() for refusal in operation.refusals} == set(ErrorKind)


@pytest.mark.parametrize("op", OPERATIONS)
def test_results_can_grow(op: str) -> None:
    """A result is a map that ignores unknown members, and none of its parts is a fixed array."""
    result = OPERATIONS[op].result
    assert not result.__struct_config__.array_like
    assert not result.__struct_config__.forbid_unknown_fields


def test_a_cut_row_has_the_members_of_a_row() -> None:
    """And of the details. All members but the id can be omitted."""
    fields = msgspec.structs.fields(CutRow)
    assert {field.name for field in fields} == ROW_FIELDS | DETAIL_FIELDS
    assert [field.name for field in fields if field.required] == ["torrent"]
