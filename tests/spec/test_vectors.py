import msgspec
import pytest

from protocol.wire import codec
from protocol.wire.commands.kinds import Command
from protocol.wire.envelope import EventFrame, Reply, parse_request
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.events.event import TYPES
from protocol.wire.operations import OPERATIONS, parse_command
from tools.spec import edges, samples, vectors
from tools.spec.vectors import Vector

MESSAGES = [*vectors.requests(), *vectors.replies(), *vectors.events(), *edges.accepted()]


def named(found: list[Vector]) -> pytest.MarkDecorator:
    """One test for each vector."""
    return pytest.mark.parametrize("vector", found, ids=lambda vector: vector.name)


def understand(frame: bytes) -> Command:
    """Parses a frame as a server does. Raises OuzelError."""
    request = parse_request(frame)
    return parse_command(request.op, request.args)


@named(MESSAGES)
def test_what_must_be_accepted_decodes_to_what_it_says(vector: Vector) -> None:
    """And encoding it again decodes to the same value."""
    assert codec.decode(vector.frame) == vector.decoded
    assert codec.decode(codec.encode(vector.decoded)) == vector.decoded


@named(list(vectors.requests()))
def test_requests_are_understood(vector: Vector) -> None:
    """Each is a request with a command."""
    assert understand(vector.frame).__struct_config__.tag == vector.decoded["op"]


@named([*edges.rejected(), *edges.refused()])
def test_what_must_be_refused_is_refused_as_it_says(vector: Vector) -> None:
    """The error and the field are contract, the message is not."""
    with pytest.raises(OuzelError) as caught:
        understand(vector.frame)
    assert (caught.value.kind, caught.value.field) == vector.error


@named(list(edges.refused()))
def test_what_the_server_refuses_is_well_formed(vector: Vector) -> None:
    """A client's codec accepts it."""
    assert codec.decode(vector.frame) == vector.decoded


@named(list(vectors.replies()))
def test_replies_are_replies(vector: Vector) -> None:
    """They have no member that the types do not know."""
    reply = msgspec.convert(vector.decoded, Reply)
    assert msgspec.to_builtins(reply, builtin_types=[bytes]) == vector.decoded


@named(list(vectors.events()))
def test_events_are_events(vector: Vector) -> None:
    """They have no member that the types do not know."""
    frame = msgspec.convert(vector.decoded, EventFrame)
    assert msgspec.to_builtins(frame) == vector.decoded


def test_every_command_event_and_error_has_a_vector() -> None:
    """A new one needs a sample."""
    assert set(samples.ARGUMENTS) == set(samples.RESULTS) == set(OPERATIONS)
    assert [vector.name for vector in vectors.events()] == list(TYPES)
    told = {vector.name for vector in vectors.replies()}
    assert {f"error: {kind.wire_name}" for kind in ErrorKind} <= told


@pytest.mark.parametrize("op", OPERATIONS)
def test_full_arguments_are_all_arguments(op: str) -> None:
    """So each argument has an example; and each result is of its type."""
    fields = [field.name for field in msgspec.structs.fields(OPERATIONS[op].arguments)]
    assert list(samples.ARGUMENTS[op]) == fields
    assert type(samples.RESULTS[op]) is OPERATIONS[op].result


@pytest.mark.parametrize("found", [MESSAGES, list(edges.rejected()), list(edges.refused())])
def test_names_are_unique(found: list[Vector]) -> None:
    """So a report by name identifies one."""
    assert len({vector.name for vector in found}) == len(found)
