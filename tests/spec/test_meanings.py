from typing import get_args

import msgspec
import pytest

from protocol.wire.envelope import ErrorBody, EventFrame, Reply, Request
from protocol.wire.events.event import Event
from protocol.wire.operations import OPERATIONS
from tools.spec import types
from tools.spec.meanings import about, entries, meanings, summary


def public() -> list[type[msgspec.Struct]]:
    """Every message that clients see, including nested ones."""
    todo: list[type[msgspec.Struct]] = [Request, Reply, ErrorBody, EventFrame, *get_args(Event)]
    todo += [kind for each in OPERATIONS.values() for kind in (each.arguments, each.result)]
    found: list[type[msgspec.Struct]] = []
    while todo:
        kind = todo.pop()
        if kind not in found:
            found.append(kind)
            todo += [inner for field in types.fields_of(kind) for inner in types.within(field.type)]
    return sorted(found, key=lambda kind: kind.__qualname__)


@pytest.mark.parametrize("kind", public(), ids=lambda kind: kind.__qualname__)
def test_every_member_of_every_message_has_a_meaning(kind: type[msgspec.Struct]) -> None:
    """In its docstring, its parents', or the glossary; and no docstring names a member that does not exist."""
    names = {field.encode_name for field in msgspec.structs.fields(kind)}
    assert set(meanings(kind)) == names
    assert entries(kind) <= names
    assert summary(kind)
    assert "Fields:" not in about(kind)


class Sample(msgspec.Struct):
    """The first line.

    More of it,
    on two lines.

    Fields:
        one, two: told together,
            and on.
        gen: not what the glossary says.

    Errors: what is behind the section.
    """

    one: int
    two: int
    gen: int
    torrent: str


class More(Sample):
    """Another.

    Fields:
        two: told again.
    """


def test_a_section_is_read_to_its_end() -> None:
    """Names can share a meaning of several lines; a class has its parents' meanings and the glossary's."""
    assert about(Sample) == "The first line.\n\nMore of it, on two lines."
    assert summary(Sample) == "The first line"
    assert meanings(Sample) == {
        "one": "told together, and on.",
        "two": "told together, and on.",
        "gen": "not what the glossary says.",
        "torrent": "the torrent's id.",
    }
    assert meanings(More)["two"] == "told again."
    assert meanings(More)["one"] == "told together, and on."
