"""msgpack values as JSON and back, for vectors, pages and other languages: bytes are `{"$bin": base64}`."""

import base64
import json
from typing import Any, Final

BIN: Final = "$bin"


def to_json(value: Any) -> Any:
    """What `json` can write of a wire value."""
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
    """The wire value that such JSON stands for."""
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
    """JSON that people can read too."""
    return json.dumps(to_json(value), indent=indent, ensure_ascii=False, allow_nan=False)


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal on the wire: 1 and 1.0 are, since JSON cannot tell; 1 and true are not."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)
