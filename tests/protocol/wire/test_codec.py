import tracemalloc
from typing import Any

import msgpack
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.wire import codec
from protocol.wire.codec import MAX_DEPTH, MAX_ELEMENTS, MAX_FRAME_BYTES, MAX_INTEGER
from protocol.wire.errors import ErrorKind, OuzelError
from tests.protocol.strategies import wire_values

ARRAY_OF_THE_MOST_ELEMENTS = b"\xdd" + MAX_ELEMENTS.to_bytes(4)
MAP_OF_THE_MOST_ELEMENTS = b"\xdf" + MAX_ELEMENTS.to_bytes(4)


def refusal(frame: bytes) -> OuzelError:
    """The error that decoding must raise."""
    with pytest.raises(OuzelError) as caught:
        codec.decode(frame)
    assert caught.value.field == "frame"
    return caught.value


def nested(levels: int, *, innermost: Any = None, of_maps: bool = False) -> Any:
    """A value inside this many maps or arrays."""
    value = innermost
    for _ in range(levels):
        value = {"": value} if of_maps else [value]
    return value


@given(wire_values)
def test_what_the_wire_allows_comes_back_as_it_was(value: Any) -> None:
    """Types count, too: `True` is not 1, 1.0 is not 1, and a map keeps its order."""
    assert repr(codec.decode(codec.encode(value))) == repr(value)


@pytest.mark.parametrize("of_maps", [False, True])
@pytest.mark.parametrize("innermost", [None, 1, "text"])
def test_depth_is_bounded(of_maps: bool, innermost: Any) -> None:
    """Sixteen maps or arrays around a scalar are accepted, seventeen are not."""
    deepest = nested(MAX_DEPTH, innermost=innermost, of_maps=of_maps)
    assert codec.decode(codec.encode(deepest)) == deepest
    assert refusal(codec.encode(nested(MAX_DEPTH + 1, of_maps=of_maps))).kind is ErrorKind.TOO_DEEP


@pytest.mark.parametrize("innermost", [[], {}])
def test_an_empty_container_is_a_level(innermost: Any) -> None:
    """An empty array or map counts as one that holds something."""
    codec.decode(codec.encode(nested(MAX_DEPTH - 1, innermost=innermost)))
    assert refusal(codec.encode(nested(MAX_DEPTH, innermost=innermost))).kind is ErrorKind.TOO_DEEP


@pytest.mark.parametrize("levels", [100, 1_000, 2_000, 1_000_000])
def test_great_depth_costs_no_recursion(levels: int) -> None:
    """Depth beyond the interpreter's stack, and beyond msgpack's own, is refused like any other."""
    assert refusal(b"\x91" * levels + b"\xc0").kind is ErrorKind.TOO_DEEP


@pytest.mark.parametrize("integer", [MAX_INTEGER, -MAX_INTEGER])
def test_the_largest_integers_are_accepted(integer: int) -> None:
    """±(2^53-1) are what a double holds exactly."""
    assert codec.decode(codec.encode({"n": [integer]})) == {"n": [integer]}


@pytest.mark.parametrize("integer", [MAX_INTEGER + 1, -MAX_INTEGER - 1, 2**63, 2**64 - 1, -(2**63)])
def test_larger_integers_are_refused(integer: int) -> None:
    """Integers that some languages would round are refused, wherever they stand."""
    assert refusal(codec.encode({"n": [integer]})).kind is ErrorKind.MALFORMED_FRAME


@pytest.mark.parametrize(
    "frame",
    [
        msgpack.packb(msgpack.ExtType(5, b"x")),
        msgpack.packb([msgpack.ExtType(127, b"x" * 1000)]),
        msgpack.packb({"at": msgpack.Timestamp(1, 2)}),
        b"\xd6\xff\x00\x00\x00\x00",
        b"\xd7\xff" + b"\xff" * 8,
        b"\xc7\x0c\xff" + b"\xff" * 12,
        b"\xc7\x05\xff\x00\x00\x00\x00\x00",
        b"\xc7\x00\xff",
    ],
)
def test_extension_types_are_refused(frame: bytes) -> None:
    """Timestamps too, those of a wrong length or with too many nanoseconds among them."""
    assert refusal(frame).kind is ErrorKind.MALFORMED_FRAME


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xc1", id="reserved byte"),
        pytest.param(b"\xc0\xc0", id="more after the value"),
        pytest.param(b"\xa1\xff", id="string that is not UTF-8"),
        pytest.param(b"\xa3\xed\xa0\x80", id="surrogate in UTF-8"),
        pytest.param(b"\x81\xa1\xff\xc0", id="key that is not UTF-8"),
        pytest.param(b"\x81\xc4\x01a\xc0", id="bytes as key"),
        pytest.param(b"\x81\x01\xc0", id="integer as key"),
        pytest.param(b"\x81\xc0\xc0", id="null as key"),
        pytest.param(b"\x81\x90\xc0", id="array as key"),
        pytest.param(b"\x81\x80\xc0", id="map as key"),
        pytest.param(b"\xdb\xff\xff\xff\xff", id="4 GiB string"),
        pytest.param(b"\xc6\xff\xff\xff\xff", id="4 GiB bytes"),
        pytest.param(b"\xc9\xff\xff\xff\xff\x05", id="4 GiB extension"),
    ],
)
def test_what_the_wire_does_not_have_is_refused(frame: bytes) -> None:
    """Anything but one value with string keys in UTF-8 is malformed."""
    assert refusal(frame).kind is ErrorKind.MALFORMED_FRAME


@given(wire_values)
def test_every_truncation_is_refused(value: Any) -> None:
    """No beginning of a frame is a frame."""
    frame = codec.encode(value)
    for length in range(len(frame)):
        refusal(frame[:length])


@given(st.binary(max_size=300))
def test_random_bytes_decode_or_are_refused(frame: bytes) -> None:
    """Nothing but a value or an OuzelError comes out."""
    try:
        codec.decode(frame)
    except OuzelError as error:
        assert error.kind.code < 2000


@given(wire_values, st.data())
def test_a_damaged_frame_decodes_or_is_refused(value: Any, data: st.DataObject) -> None:
    """One changed byte in a frame ends in a value or an OuzelError."""
    frame = bytearray(codec.encode(value))
    frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    try:
        codec.decode(bytes(frame))
    except OuzelError as error:
        assert error.kind.code < 2000


def test_frames_are_bounded() -> None:
    """16 MiB are accepted, one byte more is refused unread."""
    content = b"\xc6" + (MAX_FRAME_BYTES - 5).to_bytes(4) + bytes(MAX_FRAME_BYTES - 5)
    assert codec.decode(content) == bytes(MAX_FRAME_BYTES - 5)
    assert refusal(content + b"\x00").kind is ErrorKind.FRAME_TOO_LARGE


@pytest.mark.parametrize("members", [MAX_ELEMENTS, MAX_ELEMENTS + 1, 2 * MAX_ELEMENTS])
def test_elements_of_one_array_are_bounded(members: int) -> None:
    """The array itself counts as one of them."""
    codec.decode(codec.encode([0] * (MAX_ELEMENTS - 1)))
    assert refusal(codec.encode([0] * members)).kind is ErrorKind.FRAME_TOO_LARGE


@pytest.mark.parametrize("member", [[], {}, [0, 0], {"a": 0}])
def test_elements_of_all_containers_together_are_bounded(member: Any) -> None:
    """Many small maps and arrays are counted together."""
    assert refusal(codec.encode([[member] * 1000] * 400)).kind is ErrorKind.FRAME_TOO_LARGE


@pytest.mark.parametrize(
    "bomb",
    [
        pytest.param(ARRAY_OF_THE_MOST_ELEMENTS, id="one array"),
        pytest.param(ARRAY_OF_THE_MOST_ELEMENTS * 1000, id="arrays in arrays"),
        pytest.param((MAP_OF_THE_MOST_ELEMENTS + b"\xa0") * 1000, id="maps in maps"),
        pytest.param(b"\xdd\xff\xff\xff\xff", id="array of 2^32"),
        pytest.param(b"\xdf\xff\xff\xff\xff", id="map of 2^32"),
        pytest.param(ARRAY_OF_THE_MOST_ELEMENTS + b"\x90" * MAX_ELEMENTS, id="empty arrays"),
        pytest.param(ARRAY_OF_THE_MOST_ELEMENTS + b"\x80" * MAX_ELEMENTS, id="empty maps"),
    ],
)
def test_bombs_are_refused_in_bounded_memory(bomb: bytes) -> None:
    """A frame that promises far more than it holds is refused, at the price of some megabytes."""
    tracemalloc.start()
    try:
        refusal(bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 150 * 2**20


@given(st.text(st.characters(categories=["Cs", "Lu"]), max_size=10))
def test_lone_surrogates_become_question_marks(text: str) -> None:
    """A string that UTF-8 has no bytes for can still be sent."""
    assert codec.decode(codec.encode([text])) == [text.encode("utf-8", "replace").decode()]


class Inner(msgspec.Struct, frozen=True, kw_only=True):
    n: int
    by_name: dict[str, int] = {}


class Outer(msgspec.Struct, frozen=True, kw_only=True):
    inner: Inner
    more: list[Inner] = []
    blob: bytes = b""


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({}, "args.inner"),
        ({"inner": 3}, "args.inner"),
        ({"inner": {}}, "args.inner.n"),
        ({"inner": {"n": "1"}}, "args.inner.n"),
        ({"inner": {"n": True}}, "args.inner.n"),
        ({"inner": {"n": 1}, "more": [{"n": 1}, {"n": 1.5}]}, "args.more[1].n"),
        ({"inner": {"n": 1}, "more": [{"n": 1}, {}]}, "args.more[1].n"),
        ({"inner": {"n": 1, "by_name": {"a": "b"}}}, "args.inner.by_name[...]"),
        ({"inner": {"n": 1, "by_name": {1: 1}}}, "args.inner.by_name"),
        ({"inner": {"n": 1}, "blob": "YWJj"}, "args.blob"),
    ],
)
def test_conversion_names_the_field_that_does_not_fit(value: Any, field: str) -> None:
    """The dotted path begins with where the value stands and ends at the offending member."""
    with pytest.raises(OuzelError) as caught:
        codec.convert(value, Outer, within="args", error=ErrorKind.INVALID_ARGUMENT)
    assert caught.value.kind is ErrorKind.INVALID_ARGUMENT
    assert caught.value.field == field
    assert caught.value.message.startswith(f"{field}: ")
    assert "`$" not in caught.value.message


@given(st.dictionaries(st.text(max_size=3), wire_values, max_size=10))
def test_skimming_finds_what_decoding_does(message: dict[str, Any]) -> None:
    """Every value of a small map, whatever precedes it; nothing after the map is read."""
    frame = codec.encode(message)
    found = codec.skim(frame + b"\xc1", ["", *message])
    short = {key: codec.encode(value) for key, value in message.items()}
    assert found == {key: value for key, value in short.items() if len(value) <= codec.SKIM_BYTES}


@given(st.binary(max_size=200))
def test_any_bytes_are_skimmed(frame: bytes) -> None:
    """The result is a part of the map."""
    for first in (b"", b"\x83", b"\xde\x00\x03"):
        for value in codec.skim(first + frame, ["", "a", "id"]).values():
            assert value in frame


def test_skimming_passes_over_each_kind_by_its_length() -> None:
    """Of any size, including extensions and the longest forms."""
    kinds = [
        *(msgpack.packb(bytes(size)) for size in (0, 255, 256, 65535, 65536)),
        *(msgpack.packb("x" * size) for size in (0, 31, 32, 255, 256, 65535, 65536)),
        *(msgpack.packb(msgpack.ExtType(5, bytes(size))) for size in (1, 2, 3, 4, 8, 16, 17, 255, 256, 65536)),
        *(msgpack.packb([0] * size) for size in (0, 15, 16, 4000)),
        *(msgpack.packb(dict.fromkeys(map(str, range(size)), 0)) for size in (0, 15, 16, 2000)),
        b"\xdd\x00\x00\x00\x01\x00",
        b"\xdf\x00\x00\x00\x01\xa0\x00",
        *map(msgpack.packb, (0, 127, 128, 256, 65536, 2**40, -1, -32, -33, -200, -40000, -(2**40), 1.5, None, True)),
        msgpack.packb(1.5, use_single_float=True),
    ]
    for kind in kinds:
        assert codec.skim(b"\x82\xa1x" + kind + b"\xa2id\x07", ["id"]) == {"id": b"\x07"}


def test_skimming_gives_up() -> None:
    """After a number of elements or keys, at a value that is too long, and at the end; earlier values are returned."""
    many = b"\xdd\x00\x10\x00\x00" + bytes(2**20)
    assert codec.skim(b"\x83\xa2id\x07\xa1x" + many + b"\xa1y\x01", ["id", "y"]) == {"id": b"\x07"}
    assert codec.skim(b"\x82\xa1x" + many + b"\xa2id\x07", ["id"]) == {}
    assert codec.skim(msgpack.packb({str(number): 0 for number in range(20)}), ["1", "19"]) == {"1": b"\x00"}
    assert codec.skim(msgpack.packb({"id": "x" * 2000, "b": 1}), ["id", "b"]) == {"b": b"\x01"}
    assert codec.skim(b"\x82\xa2id\x07\xa1x\xc6\xff\xff\xff\xff", ["id", "x"]) == {"id": b"\x07"}


def test_a_lone_surrogate_beside_what_is_encoded_already() -> None:
    """A page of rows is a part of a larger message."""
    rows = [codec.encoded({"row": "\udcff", "bytes": b"\xff"}), codec.encoded([1])]
    assert codec.decode(codec.encode({"reason": "\udcff", "rows": rows})) == {
        "reason": "?",
        "rows": [{"row": "?", "bytes": b"\xff"}, [1]],
    }
