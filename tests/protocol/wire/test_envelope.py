from typing import Any, Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.wire import codec, envelope
from protocol.wire.commands.kinds import Command
from protocol.wire.envelope import (
    PEEK_WHOLE_BYTES,
    ErrorBody,
    EventFrame,
    RefusedRequest,
    Reply,
    Request,
    parse_request,
    peek_header,
)
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.operations import OPERATIONS, parse_command
from tests.protocol.strategies import commands, messages, wire_values

MINIMAL: dict[str, Any] = {"v": 1, "id": 7, "op": "ping"}


def refused(value: Any) -> RefusedRequest:
    """The error for a request whose frame decodes to a map."""
    with pytest.raises(RefusedRequest) as caught:
        envelope.parse_request(codec.encode(value))
    return caught.value


def test_a_minimal_request_gets_the_defaults() -> None:
    """By default, a request waits for durability, has ten seconds, and its socket identifies the client."""
    request = envelope.parse_request(codec.encode(MINIMAL))
    assert request == Request(v=1, id=7, op="ping", args={}, client=None, wait="durable", deadline_ms=10_000)


@given(messages(Request))
def test_requests_come_back_as_they_were(request: Request) -> None:
    """The supervisor parses what a client encodes."""
    request = msgspec.structs.replace(request, v=1)
    assert envelope.parse_request(codec.encode(request)) == request


def test_unknown_fields_are_ignored() -> None:
    """A newer client may send more."""
    request = envelope.parse_request(codec.encode(MINIMAL | {"priority": [1], "args": {"x": {}}}))
    assert request == Request(v=1, id=7, op="ping", args={"x": {}})


@pytest.mark.parametrize("field", ["v", "id", "op"])
def test_a_missing_field_is_named(field: str) -> None:
    """`v`, `id` and `op` have no defaults."""
    error = refused({key: value for key, value in MINIMAL.items() if key != field})
    assert (error.kind, error.field) == (ErrorKind.INVALID_ENVELOPE, field)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("v", True),
        ("v", 1.0),
        ("v", False),
        ("v", "1"),
        ("v", None),
        ("v", [1]),
        ("v", {}),
        ("id", 1.5),
        ("id", None),
        ("id", True),
        ("id", []),
        ("id", b"7"),
        ("id", -1),
        ("id", "x" * 201),
        ("op", 3),
        ("op", b"ping"),
        ("args", []),
        ("args", None),
        ("client", 3),
        ("client", "x" * 201),
        ("wait", "forever"),
        ("wait", None),
        ("deadline_ms", 0),
        ("deadline_ms", -1),
        ("deadline_ms", 600_001),
        ("deadline_ms", 1.5),
        ("deadline_ms", "10"),
    ],
)
def test_a_bad_field_is_named(field: str, value: Any) -> None:
    """Each field of the envelope has one type, and its bounds."""
    error = refused(MINIMAL | {field: value})
    assert (error.kind, error.field) == (ErrorKind.INVALID_ENVELOPE, field)


@pytest.mark.parametrize("version", [0, 2, -1, 2**53 - 1])
def test_another_version_is_refused_as_such(version: int) -> None:
    """A client of another version gets this error, whatever else is wrong."""
    error = refused({"v": version, "id": "a", "op": 3, "args": 5})
    assert (error.kind, error.field, error.request_id) == (ErrorKind.UNSUPPORTED_VERSION, "v", "a")


@pytest.mark.parametrize("request_id", [0, 7, 2**53 - 1, "", "a", "x" * 200])
def test_a_refusal_knows_the_request(request_id: str | int) -> None:
    """If the id can be read, the reply has it."""
    assert refused({"v": 1, "id": request_id}).request_id == request_id


@pytest.mark.parametrize("request_id", [None, True, 1.5, [], {}, b"7"])
def test_an_id_of_a_wrong_type_is_not_given_back(request_id: Any) -> None:
    """The reply has a null id."""
    assert refused({"v": 1, "id": request_id, "op": "ping"}).request_id is None


@pytest.mark.parametrize("value", [None, 1, "ping", b"", [], [MINIMAL]])
def test_a_frame_that_is_no_map_is_no_request(value: Any) -> None:
    """The error's field is the frame itself."""
    with pytest.raises(OuzelError) as caught:
        envelope.parse_request(codec.encode(value))
    assert (caught.value.kind, caught.value.field) == (ErrorKind.INVALID_ENVELOPE, "frame")


@pytest.mark.parametrize("unreadable", [b"\xd4\x05x", b"\xcf" + b"\xff" * 8, b"\x91" * 20 + b"\xc0"])
def test_what_cannot_be_decoded_has_its_id_where_that_can_be_read(unreadable: bytes) -> None:
    """An extension type, an integer that is too large, too many levels: the sender waits for a reply with its id."""
    with pytest.raises(RefusedRequest) as caught:
        envelope.parse_request(b"\x84" + codec.encode(MINIMAL)[1:] + b"\xa4args" + unreadable)
    assert caught.value.request_id == 7


@given(st.binary(max_size=100))
def test_random_frames_are_requests_or_refused(frame: bytes) -> None:
    """The parser raises nothing but OuzelError for any bytes."""
    try:
        envelope.parse_request(frame)
    except OuzelError as error:
        assert error.kind.code < 2000


@given(st.dictionaries(st.sampled_from(["v", "id", "op", "args", "client", "wait", "deadline_ms"]), wire_values))
def test_random_maps_are_requests_or_refused(value: dict[str, Any]) -> None:
    """Any values in the envelope's fields result in a request, or an error that names one of them."""
    try:
        envelope.parse_request(codec.encode(value | {"v": 1}))
    except OuzelError as error:
        assert error.kind is ErrorKind.INVALID_ENVELOPE
        assert error.field in Request.__struct_fields__


def test_a_good_reply_has_a_result_and_no_error() -> None:
    """Unset members are omitted, and an empty result is not."""
    reply = codec.decode(codec.encode(Reply(id=7, ok=True, result={}, epoch="e", gen=1, seq=2)))
    assert reply == {"v": 1, "id": 7, "ok": True, "result": {}, "epoch": "e", "gen": 1, "seq": 2}


def test_a_bad_reply_has_an_error_and_no_result() -> None:
    """The error's optional members are present only with a value."""
    body = ErrorBody.of(OuzelError(ErrorKind.UNKNOWN_TORRENT, "no such torrent", field="args.torrent"))
    reply = codec.decode(codec.encode(Reply(id=None, ok=False, error=body, epoch="e", gen=1, seq=2)))
    assert "result" not in reply
    assert reply["id"] is None
    assert reply["error"] == {
        "code": 3001,
        "name": "unknown_torrent",
        "message": "no such torrent",
        "retry": "never",
        "field": "args.torrent",
    }


def test_an_error_tells_when_to_retry() -> None:
    """If the time is known, it is sent in milliseconds."""
    body = ErrorBody.of(OuzelError(ErrorKind.ENGINE_UNAVAILABLE, "wait", retry_after_ms=1500))
    assert codec.decode(codec.encode(body)) == {
        "code": 4001,
        "name": "engine_unavailable",
        "message": "wait",
        "retry": "later",
        "retry_after_ms": 1500,
    }


@given(messages(Reply) | messages(EventFrame))
def test_replies_and_events_are_wire_legal(message: Reply | EventFrame) -> None:
    """A client decodes the message that the supervisor sent."""
    value = codec.decode(codec.encode(message))
    assert codec.convert(value, type(message), within="", error=ErrorKind.MALFORMED_FRAME) == message


@pytest.mark.parametrize(
    ("type_", "torrent", "topic"),
    [
        ("progress", "ab", "progress/ab"),
        ("tick", None, "tick/-"),
        ("state_changed", "ab", "lifecycle/ab/state_changed"),
        ("health_changed", None, "lifecycle/-/health_changed"),
    ],
)
def test_topics(type_: str, torrent: str | None, topic: str) -> None:
    """Progress and ticks have their own topics; all others are lifecycle, with `-` if there is no torrent."""
    assert envelope.topic_of(type_, torrent) == topic


REQUESTS: Final = messages(Request).flatmap(
    lambda request: commands(Command).map(
        lambda command: {
            **msgspec.to_builtins(request, builtin_types=(bytes,)),
            "v": 1,
            "op": command.__struct_config__.tag,
            "args": msgspec.to_builtins(command, builtin_types=(bytes,)),
        }
    )
)


@given(REQUESTS)
def test_every_request_of_every_command_is_parsed(request: dict[str, Any]) -> None:
    """And peeking finds its id."""
    frame = codec.encode(request)
    parsed = parse_request(frame)
    assert isinstance(parse_command(parsed.op, parsed.args), OPERATIONS[request["op"]].arguments)
    header = peek_header(frame)
    assert header is not None
    assert (header.id, header.patience_s) == (parsed.id, parsed.deadline_ms / 1000)


@given(REQUESTS, st.data())
def test_a_damaged_request_is_parsed_or_refused(request: dict[str, Any], data: st.DataObject) -> None:
    """For bytes changed, removed, repeated and inserted: a command or an OuzelError, and a valid id or none."""
    frame = bytearray(codec.encode(request))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(frame)))
        frame[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    parsed_or_refused(bytes(frame))


@pytest.mark.parametrize("wrong", [0, -1, 10**9, "soon", None, 1.5, True, [1], [[]] * 60_000])
def test_a_glance_finds_an_id_beside_a_wrong_deadline(wrong: Any) -> None:
    """The refusal reaches the sender within the default deadline."""
    header = peek_header(codec.encode({"id": 7, "deadline_ms": wrong}))
    assert header is not None
    assert (header.id, header.patience_s) == (7, 10.0)


@settings(max_examples=30)  # requests are read as above; only their order and size differ
@given(REQUESTS)
def test_a_glance_at_a_large_request_finds_its_id_too(request: dict[str, Any]) -> None:
    """In any order of its fields."""
    large = {"args": {"metainfo": bytes(PEEK_WHOLE_BYTES), **request["args"]}, "op": request["op"]}
    frame = codec.encode({**large, **{key: value for key, value in request.items() if key not in large}})
    header = peek_header(frame)
    assert header is not None
    assert (header.id, header.patience_s) == (request["id"], request["deadline_ms"] / 1000)


def test_a_glance_at_a_large_frame_with_an_id_of_a_wrong_form() -> None:
    """There is no id."""
    for wrong in (-1, "x" * 201, [1], b"x", 1.5, None):
        assert peek_header(codec.encode({"id": wrong, "x": bytes(PEEK_WHOLE_BYTES)})) is None


def test_a_glance_does_not_count_what_a_hostile_frame_is_made_of() -> None:
    """The work is bounded, however many elements there are; values before them are found."""

    class Counting(bytes):
        looked = 0

        def __getitem__(self, key: Any) -> Any:
            Counting.looked += 1
            return super().__getitem__(key)

    array = b"\xdd" + (1_000_000).to_bytes(4) + bytes(1_000_000)
    header = peek_header(Counting(b"\x82\xa2id\x07\xa1x" + array))
    assert header is not None
    assert header.id == 7
    assert peek_header(Counting(b"\x82\xa1x" + array + b"\xa2id\x07")) is None
    assert Counting.looked < 3 * codec.SKIM_ELEMENTS


@given(st.binary(max_size=200))
def test_any_bytes_are_parsed_or_refused(frame: bytes) -> None:
    """Nothing else is raised."""
    parsed_or_refused(frame)
    peek_header(frame)


HEAD: Final = b"\x84\xa1v\x01\xa2id\x07\xa2op\xa4ping\xa4args"


@pytest.mark.parametrize(
    ("value", "found_id"),
    [
        pytest.param(b"\xdb\xff\xff\xff\xff", None, id="4 GiB of text"),
        pytest.param(b"\xdd\xff\xff\xff\xff", None, id="array of 2^32"),
        pytest.param(b"\xdf\xff\xff\xff\xff\xa1a\x01", None, id="map of 2^32"),
        pytest.param(b"\x91" * 100_000 + b"\xc0", None, id="deep"),
        pytest.param(b"\xd6\xff\x00\x00\x00\x00", 7, id="timestamp"),
        pytest.param(b"\xcf" + b"\xff" * 8, 7, id="2^64-1"),
        pytest.param(b"\xa2\xc3\x28", 7, id="no UTF-8"),
        pytest.param(b"\x82\xa1a\x01\xa1a\x02", 7, id="a key twice"),
        pytest.param(b"\x81\xa1a\xcb\x7f\xf8" + bytes(6), 7, id="NaN"),
        pytest.param(b"\x81\xa1a\xcb\x80" + bytes(7), 7, id="-0.0"),
        pytest.param(b"\xc4\x01a", 7, id="bytes for a map"),
    ],
)
def test_hostile_values_end_in_a_request_or_a_refusal(value: bytes, found_id: int | None) -> None:
    """With the id, if the frame is msgpack to its end."""
    assert parsed_or_refused(HEAD + value) == found_id


def parsed_or_refused(frame: bytes) -> str | int | None:
    """The id with which a frame would be answered."""
    try:
        request = parse_request(frame)
    except RefusedRequest as refused:
        assert refused.request_id is None or len(str(refused.request_id)) <= 200
        return refused.request_id
    except OuzelError:
        return None
    try:
        parse_command(request.op, request.args)
    except OuzelError as error:
        assert len(codec.encode(ErrorBody.of(error))) < 4000
    return request.id
