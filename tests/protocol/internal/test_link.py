from typing import Any, Final, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.internal import link
from protocol.internal.link import CommandBatch, EventBatch
from protocol.internal.link_commands import EngineCommand
from protocol.internal.link_events import EngineEvent
from protocol.internal.link_queries import InspectSource
from protocol.wire import codec
from protocol.wire.errors import ErrorKind, OuzelError
from tests.protocol.strategies import messages

EACH: Final = 25
"""The examples of one kind of message. Batches of all kinds have more."""


@pytest.mark.parametrize("kind", get_args(EngineCommand))
@settings(max_examples=EACH)
@given(data=st.data())
def test_engine_commands_come_back_as_they_were(kind: type[EngineCommand], data: st.DataObject) -> None:
    """The engine gets what the supervisor sent."""
    batch = CommandBatch(gen=3, commands=[data.draw(messages(kind))])
    assert link.decode_commands(codec.encode(batch)) == batch


@pytest.mark.parametrize("kind", get_args(EngineEvent))
@settings(max_examples=EACH)
@given(data=st.data())
def test_engine_events_come_back_as_they_were(kind: type[EngineEvent], data: st.DataObject) -> None:
    """The supervisor gets what the engine sent."""
    batch = EventBatch(gen=3, events=[data.draw(messages(kind))])
    assert link.decode_events(codec.encode(batch)) == batch


@given(st.lists(messages(EngineCommand), max_size=5), st.lists(messages(EngineEvent), max_size=5))
def test_batches_keep_their_order(commands: list[EngineCommand], events: list[EngineEvent]) -> None:
    """A batch of several kinds comes back complete and in order; an empty one is valid."""
    down, up = CommandBatch(gen=1, commands=commands), EventBatch(gen=1, events=events)
    assert link.decode_commands(codec.encode(down)).commands == commands
    assert link.decode_events(codec.encode(up)).events == events


@pytest.mark.parametrize("members", [get_args(EngineCommand), get_args(EngineEvent)])
def test_tags_are_unique(members: tuple[Any, ...]) -> None:
    """Each member of a union has its own name on the link."""
    tags = [member.__struct_config__.tag for member in members]
    assert len(set(tags)) == len(tags)


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({}, "gen"),
        ({"gen": 1}, "commands"),
        ({"gen": "1", "commands": []}, "gen"),
        ({"gen": 1, "commands": [{"op": "drain"}, {"op": "query_files", "token": "x"}]}, "commands[1].token"),
        ({"gen": 1, "commands": [{"op": "drain"}, {}]}, "commands[1].op"),
        ({"gen": 1, "commands": [{"op": "dance"}]}, "commands[0].op"),
    ],
)
def test_what_is_no_batch_is_refused(value: Any, field: str) -> None:
    """The error names the member of the batch that does not fit."""
    with pytest.raises(OuzelError) as caught:
        link.decode_commands(codec.encode(value))
    assert (caught.value.kind, caught.value.field) == (ErrorKind.MALFORMED_FRAME, field)


@given(st.binary(max_size=200))
def test_random_bytes_are_refused(frame: bytes) -> None:
    """A frame that is not a batch raises an OuzelError and nothing else."""
    with pytest.raises(OuzelError):
        link.decode_commands(frame)
    with pytest.raises(OuzelError):
        link.decode_events(frame)


def test_frames_may_be_larger_than_public_ones() -> None:
    """A torrent of the largest size a client may add fits into a command."""
    batch = CommandBatch(gen=1, commands=[InspectSource(token=1, metainfo=bytes(codec.MAX_FRAME_BYTES))])
    assert link.decode_commands(codec.encode(batch)) == batch
