"""msgpack bytes <-> typed messages, under limits. The only place in Ouzel that sees encoded bytes.

The wire has string-keyed maps, arrays, UTF-8 strings, byte strings, booleans, null, floats, and integers within
±(2^53-1), so that every language reads it without loss. Extension types are refused. msgpack reads bytes that others
wrote, msgspec does the types and writes our own; what is left for this module is what neither checks: depth, size, and
the range of integers.
"""

import re
from itertools import chain
from typing import Any, Final, TypeVar

import msgpack
import msgspec

from protocol.errors import ErrorKind, OuzelError

T = TypeVar("T")

MAX_FRAME_BYTES: Final = 16 * 1024 * 1024
MAX_DEPTH: Final = 16
MAX_ELEMENTS: Final = 125_000
"""More than the 100,000 priorities that a command may list; decoding so many takes the loop some 15 ms."""
MAX_INTEGER: Final = 2**53 - 1

_ENCODER = msgspec.msgpack.Encoder()
_ALLOWED = {str, bytes, bool, float, int, type(None), dict, list}
_FIELD_PATH = re.compile(r" - at `(?:key` in `)?\$(?P<path>[^`]*)`$")
_MISSING_FIELD = re.compile(r"missing required field `(?P<name>[^`]+)`")


def encode(message: Any) -> bytes:
    """One message (a Struct, or builtins) as msgpack bytes. Unset fields are left out; lone surrogates become `?`."""
    try:
        return _ENCODER.encode(message)
    except UnicodeEncodeError:
        pass  # as rare as it is slow to put right
    plain = msgspec.to_builtins(message, builtin_types=(bytes,))
    packed = msgpack.packb(plain, use_bin_type=True, unicode_errors="replace")
    assert isinstance(packed, bytes)
    return packed


def encoded(message: Any) -> msgspec.Raw:
    """The same as a part of a larger message, which `encode` then takes as it is."""
    return msgspec.Raw(encode(message))


def decode(frame: bytes) -> Any:
    """The builtins in one msgpack frame of the public wire.

    Raises:
        OuzelError: FRAME_TOO_LARGE over 16 MiB or 125,000 elements (members of all arrays and maps together),
            TOO_DEEP over 16 levels, MALFORMED_FRAME for anything else that the wire does not allow.
    """
    value = unpack(frame, max_bytes=MAX_FRAME_BYTES, max_elements=MAX_ELEMENTS)
    _check(value)
    return value


def unpack(frame: bytes, *, max_bytes: int, max_elements: int) -> Any:
    """Like `decode` with limits of the caller's, for frames of our own making: depth and integers are not checked."""
    if len(frame) > max_bytes:
        raise OuzelError(
            ErrorKind.FRAME_TOO_LARGE, f"the frame has {len(frame)} bytes, over the {max_bytes} allowed", field="frame"
        )
    counted = 0

    def count(container: Any) -> Any:
        nonlocal counted
        counted += len(container) + 1
        if counted > max_elements:
            raise OuzelError(
                ErrorKind.FRAME_TOO_LARGE, f"the frame has more than the {max_elements} elements allowed", field="frame"
            )
        return container

    # An element takes a byte or more, so that most frames cannot hold too many, and need no call for each container.
    hook = count if 2 * len(frame) > max_elements else None
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
            raise OuzelError(
                ErrorKind.FRAME_TOO_LARGE, f"the frame has more than the {max_elements} elements allowed", field="frame"
            ) from error
        raise OuzelError(
            ErrorKind.MALFORMED_FRAME, f"not msgpack as the wire allows: {reason}", field="frame"
        ) from error


def _refuse_extension(code: int, data: bytes) -> Any:
    raise ValueError(f"extension type {code} ({len(data)} bytes)")


def _check(value: Any) -> None:
    """Walks level by level, so that depth is a count, hostile input costs no recursion, and most is done in bulk."""
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


def convert(value: Any, kind: type[T], *, within: str, error: ErrorKind) -> T:
    """Builtins as a typed message.

    Args:
        value: what `decode` gave.
        kind: a Struct, or a union of tagged Structs.
        within: where `value` stands in the whole message (`args`), to name the field in an error.
        error: the row of the error table for a value that does not fit.
    """
    try:
        return msgspec.convert(value, kind, builtin_types=(bytes,))
    except msgspec.ValidationError as reason:
        field, problem = blame(str(reason), within)
        raise OuzelError(error, f"{field}: {problem}", field=field) from reason


def blame(problem: str, within: str) -> tuple[str, str]:
    """The dotted path that msgspec blames, and what it says of it.

    "Object missing required field `x` - at `$.y`" gives `within.y.x` and the sentence without the path.
    """
    path = _FIELD_PATH.search(problem)
    missing = _MISSING_FIELD.search(problem)
    found = within + (path["path"] if path else "") + (f".{missing['name']}" if missing else "")
    return found.removeprefix("."), _FIELD_PATH.sub("", problem)
