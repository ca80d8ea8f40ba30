"""Converts wire values to JSON and back, for vectors, docs and other languages. Bytes become `{"$bin": base64}`."""

import base64
import json
from typing import Any, Final

BIN: Final = "$bin"


def to_json(value: Any) -> Any:
    """Converts a wire value to a value that `json` can encode."""
    match value:
        case bytes():
            return {BIN: base64.b64encode(value).decode()}
        case dict():
            return {key: to_json(each) for key, each in value.items()}
        case list() | tuple():
            return [to_json(each) for each in value]
        case _:
            return value


def from_json(value: Any) -> Any:
    """Converts such a JSON value back to the wire value."""
    match value:
        case {"$bin": str(text), **rest} if not rest:
            return base64.b64decode(text, validate=True)
        case dict():
            return {key: from_json(each) for key, each in value.items()}
        case list():
            return [from_json(each) for each in value]
        case _:
            return value


def text(value: Any, *, indent: int | None = None) -> str:
    """Human-readable JSON of a value."""
    return json.dumps(to_json(value), indent=indent, ensure_ascii=False, allow_nan=False)


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal on the wire. 1 equals 1.0, because JSON cannot distinguish them.

    1 does not equal true.
    """
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)
