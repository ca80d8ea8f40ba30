"""Encodes and decodes bencoded values (BEP 3), for torrents in tests. Strings and keys are bytes."""

Bencodable = int | bytes | list["Bencodable"] | dict[bytes, "Bencodable"]


def encode(value: Bencodable) -> bytes:
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


def decode(encoded: bytes) -> Bencodable:
    """Decodes a value. Raises ValueError for invalid data, and for bytes after the value."""
    try:
        value, end = _decode(encoded, 0)
    except IndexError as error:
        raise ValueError("ends too early") from error
    if end != len(encoded):
        raise ValueError("more follows")
    return value


def _decode(encoded: bytes, at: int) -> tuple[Bencodable, int]:
    match encoded[at : at + 1]:
        case b"i":
            end = encoded.index(b"e", at)
            return int(encoded[at + 1 : end]), end + 1
        case b"l":
            items, end = _decode_items(encoded, at + 1)
            return items, end
        case b"d":
            items, end = _decode_items(encoded, at + 1)
            members: dict[bytes, Bencodable] = {}
            for key, item in zip(items[::2], items[1::2], strict=True):
                if not isinstance(key, bytes):
                    raise ValueError("a key is not a string")
                members[key] = item
            return members, end
        case _:
            colon = encoded.index(b":", at)
            end = colon + 1 + int(encoded[at:colon])
            if end > len(encoded):
                raise ValueError("a string ends too early")
            return encoded[colon + 1 : end], end


def _decode_items(encoded: bytes, at: int) -> tuple[list[Bencodable], int]:
    items: list[Bencodable] = []
    while encoded[at] != ord("e"):
        item, at = _decode(encoded, at)
        items.append(item)
    return items, at + 1
