"""Decodes and encodes bencoded values (BEP 3). Strings and keys are bytes."""

from typing import Any, Final

DEPTH_MAX: Final = 100

Bencoded = int | bytes | list["Bencoded"] | dict[bytes, "Bencoded"]


def decode(encoded: bytes) -> dict[bytes, Any]:
    """Decodes a dictionary. Raises ValueError for anything else."""
    try:
        value, end = _decode(encoded, 0, 0)
    except (IndexError, RecursionError) as error:
        raise ValueError("it is not bencoded") from error
    if end != len(encoded) or not isinstance(value, dict):
        raise ValueError("it is not one bencoded dictionary")
    return value


def encode(value: Bencoded) -> bytes:
    """Encodes a value. Keys are sorted."""
    match value:
        case int():
            return b"i%de" % value
        case bytes():
            return b"%d:%s" % (len(value), value)
        case list():
            return b"l%se" % b"".join(encode(item) for item in value)
        case dict():
            return b"d%se" % b"".join(encode(key) + encode(item) for key, item in sorted(value.items()))


def span(encoded: bytes, key: bytes) -> bytes | None:
    """Returns the encoded value of a key of a bencoded dictionary, unchanged. None if there is no such key."""
    at = 1
    while encoded[at : at + 1] not in (b"e", b""):
        found, start = _decode(encoded, at, 0)
        _, at = _decode(encoded, start, 0)
        if found == key:
            return encoded[start:at]
    return None


def _decode(encoded: bytes, at: int, depth: int) -> tuple[Any, int]:
    if depth > DEPTH_MAX:
        raise ValueError("it is nested too deeply")
    match encoded[at : at + 1]:
        case b"i":
            end = encoded.index(b"e", at)
            return int(encoded[at + 1 : end]), end + 1
        case b"l" | b"d" as kind:
            items: list[Any] = []
            at += 1
            while encoded[at : at + 1] != b"e":
                item, at = _decode(encoded, at, depth + 1)
                items.append(item)
            if kind == b"l":
                return items, at + 1
            if len(items) % 2 or not all(isinstance(key, bytes) for key in items[::2]):
                raise ValueError("it has an invalid dictionary")
            return dict(zip(items[::2], items[1::2], strict=True)), at + 1
        case _:
            colon = encoded.index(b":", at, at + 12)
            end = colon + 1 + int(encoded[at:colon])
            if end > len(encoded):
                raise ValueError("it ends too early")
            return encoded[colon + 1 : end], end
