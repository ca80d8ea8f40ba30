"""The states and the hashes of pieces. Pure."""

from typing import Final

from protocol.wire.results import PieceReport

HAVE: Final = 2
HASH_BYTES: Final = 20


def piece_states(report: PieceReport) -> list[int]:
    """Returns 2 for each complete piece, and 0 for each other piece."""
    bits = report.have
    return [HAVE if bits[i >> 3] & (0x80 >> (i & 7)) else 0 for i in range(min(report.pieces, len(bits) * 8))]


def piece_hashes(metainfo: bytes) -> list[str]:
    """Returns the SHA-1 hashes of the pieces in hex. The list is empty for a v2 torrent that is not hybrid.

    Raises:
        ValueError: the data is not a .torrent file.
    """
    if not metainfo:
        return []
    info = _members(metainfo, 0).get(b"info")
    if info is None:
        return []
    start = _members(metainfo, info).get(b"pieces")
    if start is None:
        return []
    begin, end = _string(metainfo, start)
    return [metainfo[at : at + HASH_BYTES].hex() for at in range(begin, end - HASH_BYTES + 1, HASH_BYTES)]


def _members(data: bytes, at: int) -> dict[bytes, int]:
    """Returns the keys of a bencoded dictionary, and the offsets of the values."""
    if data[at : at + 1] != b"d":
        raise ValueError("not a dictionary")
    found, at = {}, at + 1
    while data[at : at + 1] != b"e":
        begin, end = _string(data, at)
        found[data[begin:end]] = end
        at = _after(data, end)
    return found


def _string(data: bytes, at: int) -> tuple[int, int]:
    """Returns the offsets at which the content of a bencoded string begins and ends."""
    colon = data.index(b":", at, at + 12)
    begin = colon + 1
    return begin, begin + int(data[at:colon])


def _after(data: bytes, at: int) -> int:
    """Returns the offset after a bencoded value."""
    depth = 0
    while True:
        match data[at : at + 1]:
            case b"d" | b"l":
                depth, at = depth + 1, at + 1
            case b"e":
                depth, at = depth - 1, at + 1
            case b"i":
                at = data.index(b"e", at) + 1
            case b"":
                raise ValueError("the data ends too early")
            case _:
                at = _string(data, at)[1]
        if depth == 0:
            return at
