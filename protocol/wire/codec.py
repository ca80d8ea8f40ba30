"""Encodes typed messages as msgpack and decodes them, with limits. No other module handles encoded bytes.

The wire has these types, so that every language can represent all values exactly:

- maps with string keys, and arrays
- UTF-8 strings and byte strings
- booleans, null and floats
- integers within ±(2^53-1)

Extension types are refused. The library msgpack decodes untrusted bytes. The library msgspec encodes, and converts
values to typed messages. This module checks what neither library checks: depth, size, and the range of integers.
"""

import re
from collections.abc import Collection
from itertools import chain
from typing import Any, Final, TypeVar

import msgpack
import msgspec

from protocol.text.patterns import without_patterns
from protocol.wire.errors import ErrorKind, OuzelError

T = TypeVar("T")

MAX_FRAME_BYTES: Final = 16 * 1024 * 1024
MAX_DEPTH: Final = 16
MAX_ELEMENTS: Final = 125_000
"""The maximum number of elements. It allows the 100,000 priorities that a command may have.

Decoding this many elements blocks the loop for some 15 ms.
"""
MAX_CONTAINERS: Final = 1000
"""The maximum number of arrays and maps. No request needs so many.

Decoding an array or a map takes longer than decoding a number or a text.
"""
MAX_INTEGER: Final = 2**53 - 1

SKIM_ELEMENTS: Final = 5000
"""The maximum number of elements that `skim` skips, at about five per microsecond."""

SKIM_KEYS: Final = 16
SKIM_BYTES: Final = 1000
"""The limits of `skim`: the number of keys that it examines, and the bytes of a value that it returns."""

_ENCODER = msgspec.msgpack.Encoder()
_ALLOWED = {str, bytes, bool, float, int, type(None), dict, list}
_FIELD_PATH = re.compile(r" - at `(?:key` in `)?\$(?P<path>[^`]*)`$")
_MISSING_FIELD = re.compile(r"missing required field `(?P<name>[^`]+)`")


def encode(message: Any) -> bytes:
    """Encodes one message (a Struct, or builtins) as msgpack. Omits unset fields. Replaces lone surrogates by `?`."""
    try:
        return _ENCODER.encode(message)
    except UnicodeEncodeError:
        pass  # lone surrogates are rare, so the slow code below is fast enough
    plain = msgspec.to_builtins(message, builtin_types=(bytes,), enc_hook=_unwrapped)
    packed = msgpack.packb(plain, use_bin_type=True, unicode_errors="replace")
    assert isinstance(packed, bytes)
    return packed


def _unwrapped(part: Any) -> Any:
    """Decodes a result of `encoded` into builtins."""
    if isinstance(part, msgspec.Raw):
        return msgspec.msgpack.decode(part)
    raise TypeError(f"a {type(part).__name__} cannot be encoded")


def encoded(message: Any) -> msgspec.Raw:
    """Encodes a part of a larger message. `encode` inserts this part unchanged."""
    return msgspec.Raw(encode(message))


def decode(frame: bytes) -> Any:
    """Decodes one msgpack frame of the public wire into builtins.

    Raises:
        OuzelError: FRAME_TOO_LARGE: the frame has more than 16 MiB, 1,000 arrays and maps, or 125,000 members in all of
            them.
        OuzelError: TOO_DEEP: the frame has more than 16 levels.
        OuzelError: MALFORMED_FRAME: the frame has anything else that the wire does not allow.
    """
    value = unpack(frame, max_bytes=MAX_FRAME_BYTES, max_elements=MAX_ELEMENTS, max_containers=MAX_CONTAINERS)
    _check(value)
    return value


def unpack(frame: bytes, *, max_bytes: int, max_elements: int, max_containers: int | None = None) -> Any:
    """Decodes a frame that Ouzel itself encoded, with limits that the caller gives.

    Does not check depth and integers, unlike `decode`.
    """
    if len(frame) > max_bytes:
        raise OuzelError(
            ErrorKind.FRAME_TOO_LARGE, f"the frame has {len(frame)} bytes, over the {max_bytes} allowed", field="frame"
        )
    counted = containers = 0
    containers_allowed = len(frame) if max_containers is None else max_containers

    def count(container: Any) -> Any:
        nonlocal counted, containers
        counted += len(container) + 1
        containers += 1
        if counted > max_elements:
            raise _too_many(f"{max_elements} elements")
        if containers > containers_allowed:
            raise _too_many(f"{containers_allowed} arrays and maps")
        return container

    # An element takes at least a byte, so most frames cannot hold too many elements. These need no call per container.
    hook = count if 2 * len(frame) > max_elements or len(frame) > containers_allowed else None
    try:
        return msgpack.unpackb(
            frame,
            raw=False,
            strict_map_key=True,
            list_hook=hook,
            object_hook=hook,
            ext_hook=_refuse_extension,
            max_array_len=max_elements,
            max_map_len=max_elements,
            max_ext_len=16,
        )
    except OuzelError:
        raise
    except msgpack.StackError as error:
        raise OuzelError(ErrorKind.TOO_DEEP, f"nested over {MAX_DEPTH} levels deep", field="frame") from error
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        reason = str(error) or type(error).__name__
        if "exceeds max_array_len" in reason or "exceeds max_map_len" in reason:
            raise _too_many(f"{max_elements} elements") from error
        raise OuzelError(
            ErrorKind.MALFORMED_FRAME, f"not msgpack as the wire allows: {reason}", field="frame"
        ) from error


def _too_many(what: str) -> OuzelError:
    return OuzelError(ErrorKind.FRAME_TOO_LARGE, f"the frame has more than the {what} allowed", field="frame")


def _refuse_extension(code: int, data: bytes) -> Any:
    raise ValueError(f"extension type {code} ({len(data)} bytes)")


def _check(value: Any) -> None:
    """Checks the depth and all integers of a value.

    Walks the value level by level. So hostile input causes no recursion, and most checks are done in bulk.
    """
    level, depth = [value], 0
    while level:
        kinds = set(map(type, level))
        if not kinds <= _ALLOWED:
            [kind, *_] = kinds - _ALLOWED
            raise OuzelError(ErrorKind.MALFORMED_FRAME, f"a {kind.__name__} is not allowed", field="frame")
        if int in kinds:
            integers = [item for item in level if type(item) is int]
            for item in (min(integers), max(integers)):
                if not -MAX_INTEGER <= item <= MAX_INTEGER:
                    raise OuzelError(ErrorKind.MALFORMED_FRAME, f"{item} is outside ±(2^53-1)", field="frame")
        below: list[Any] = []
        if dict in kinds or list in kinds:
            if depth == MAX_DEPTH:
                raise OuzelError(ErrorKind.TOO_DEEP, f"nested over {MAX_DEPTH} levels deep", field="frame")
            below.extend(chain.from_iterable([item for item in level if type(item) is list]))
            maps = [item for item in level if type(item) is dict]
            if not set(map(type, chain.from_iterable(maps))) <= {str}:
                raise OuzelError(ErrorKind.MALFORMED_FRAME, "a map key is not a string", field="frame")
            below.extend(chain.from_iterable(map(dict.values, maps)))
        level, depth = below, depth + 1


def skim(frame: bytes, wanted: Collection[str]) -> dict[str, bytes]:
    """Finds the encoded values of some keys of the map in a frame, without decoding the frame.

    The scan skips bytes and texts by their length. So its cost does not grow with the frame. The scan finds only values
    of up to 1,000 bytes under the first 16 keys. The scan ends after 5,000 elements. Keys and nested elements count,
    too.
    """
    found: dict[str, bytes] = {}
    try:
        first = frame[0]
        if 0x80 <= first <= 0x8F:
            keys, at = first & 0x0F, 1
        elif first in (0xDE, 0xDF):
            at = 3 if first == 0xDE else 5
            keys = int.from_bytes(frame[1:at], "big")
        else:
            return found
        left = SKIM_ELEMENTS
        for _ in range(min(keys, SKIM_KEYS)):
            value_at, left = _skip(frame, at, left)
            key = _NAMES.decode(frame[at:value_at]) if value_at - at <= SKIM_BYTES else ""
            at, left = _skip(frame, value_at, left)
            if key in wanted and at - value_at <= SKIM_BYTES:
                found[key] = frame[value_at:at]
                if len(found) == len(wanted):
                    break
    except (IndexError, OverflowError, msgspec.DecodeError, UnicodeDecodeError):
        pass  # not a valid message, or too many elements
    return found


_NAMES: Final = msgspec.msgpack.Decoder(str)

_FIXED: Final = bytes(
    [
        *[1] * 0xA0,  # 00 up to 9f: numbers, maps, arrays
        *range(1, 33),  # up to bf: texts
        *[1, 0, 1, 1],  # nil, never used (c1), false, true
        *[0] * 6,  # up to c9: bytes, extensions
        *[5, 9, 2, 3, 5, 9, 2, 3, 5, 9],  # up to d3: floats, integers
        *[3, 4, 6, 10, 18],  # up to d8: extensions
        *[0] * 3,  # up to db: texts
        *[3, 5, 3, 5],  # up to df: arrays, maps
        *[1] * 0x20,
    ]
)
"""The size of an element without its members, indexed by its first byte; 0 if a length follows."""

_LENGTHS: Final = {0xC4: (1, 0), 0xC5: (2, 0), 0xC6: (4, 0), 0xC7: (1, 1), 0xC8: (2, 1), 0xC9: (4, 1)} | {
    0xD9: (1, 0),
    0xDA: (2, 0),
    0xDB: (4, 0),
}
"""For bytes, extensions and texts: the size of the length field, and the bytes between this field and the content."""


def _skip(frame: bytes, at: int, left: int) -> tuple[int, int]:
    """Skips an element with its members. Returns the offset of its end, and how many further elements may be skipped.

    Raises:
        IndexError: the frame ends within the element.
        OverflowError: the element has more members than `left`.
    """
    awaited = 1
    while awaited:
        awaited -= 1
        left -= 1
        if left < 0:
            raise OverflowError
        first = frame[at]
        size = _FIXED[first]
        if not size:
            if first == 0xC1:
                raise IndexError
            digits, between = _LENGTHS[first]
            at += 1 + digits + between + int.from_bytes(frame[at + 1 : at + 1 + digits], "big")
            continue
        if 0x80 <= first <= 0x8F:
            awaited += 2 * (first & 0x0F)
        elif 0x90 <= first <= 0x9F:
            awaited += first & 0x0F
        elif 0xDC <= first <= 0xDF:
            count = int.from_bytes(frame[at + 1 : at + size], "big")
            awaited += count if first <= 0xDD else 2 * count
        at += size
    if at > len(frame):
        raise IndexError
    return at, left


def convert(value: Any, kind: type[T], *, within: str, error: ErrorKind) -> T:
    """Converts builtins to a typed message.

    Args:
        value: the result of `decode`.
        kind: the message's type: a Struct, or a union of tagged Structs.
        within: the path of `value` in the whole message, such as `args`. If `convert` raises an error, the error's
            `field` begins with this path.
        error: the kind of the error that `convert` raises if the value has the wrong type.
    """
    try:
        return msgspec.convert(value, kind, builtin_types=(bytes,))
    except msgspec.ValidationError as reason:
        field, problem = blame(str(reason), within)
        raise OuzelError(error, f"{field}: {problem}", field=field) from reason


def read(decoder: "msgspec.msgpack.Decoder[T]", frame: bytes, *, within: str, error: ErrorKind) -> T:
    """Decodes a typed message that Ouzel itself encoded. Does not check depth and integers.

    Args:
        within, error: the same as in `convert`.
    """
    try:
        return decoder.decode(frame)
    except msgspec.ValidationError as reason:
        field, problem = blame(str(reason), within)
        raise OuzelError(error, f"{field}: {problem}", field=field) from reason
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as reason:
        raise OuzelError(ErrorKind.MALFORMED_FRAME, f"{within}: not msgpack: {reason}", field=within) from reason


def blame(problem: str, within: str) -> tuple[str, str]:
    """Splits an error message of msgspec into the dotted path of the field and the rest of the message.

    Example: "Object missing required field `x` - at `$.y`" gives `within.y.x` and the message without the path.
    """
    path = _FIELD_PATH.search(problem)
    missing = _MISSING_FIELD.search(problem)
    found = within + (path["path"] if path else "") + (f".{missing['name']}" if missing else "")
    return found.removeprefix("."), without_patterns(_FIELD_PATH.sub("", problem))
