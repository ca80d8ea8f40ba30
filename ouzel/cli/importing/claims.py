"""Makes resume data in libtorrent's format from the progress in another client's own format."""

from collections.abc import Mapping, Sequence
from typing import Final

from ouzel.cli.importing import bencode
from ouzel.cli.importing.bencode import Bencoded
from ouzel.cli.importing.moved_torrent import Info

BLOCK: Final = 16 * 1024
"""The size of libtorrent's blocks."""


def block_size(info: Info, bitfield_bytes: int) -> int:
    """Returns the block size of a bitfield: 16 KiB, or the size that earlier versions of Transmission use."""
    size = info.piece_length
    while size > BLOCK:
        size //= 2
    blocks = -(-info.size // size) if size else 0
    return size if size and info.piece_length % size == 0 and -(-blocks // 8) == bitfield_bytes else BLOCK


def of_blocks(info: Info, bitfield: bytes) -> tuple[list[bool], dict[int, list[bool]]]:
    """Returns which pieces are complete, and the complete blocks of the other pieces.

    Args:
        bitfield: a bit for each block of the torrent. The highest bit is the first block.
    """
    size, total, length = block_size(info, len(bitfield)), info.size, info.piece_length

    def has(start: int, end: int) -> bool:
        blocks = range(start // size, -(-end // size))
        return all(block // 8 < len(bitfield) and bitfield[block // 8] & (0x80 >> block % 8) for block in blocks)

    have = [has(piece * length, min(total, (piece + 1) * length)) for piece in range(info.pieces)]
    partial = {}
    for piece, complete in enumerate(have):
        if not complete and length % BLOCK == 0:
            begin, end = piece * length, min(total, (piece + 1) * length)
            held = [has(start, min(end, start + BLOCK)) for start in range(begin, end, BLOCK)]
            if any(held):
                partial[piece] = held
    return have, partial


def without(info: Info, have: Sequence[bool], files: Sequence[int]) -> list[bool]:
    """Returns the claims without the pieces that overlap these files."""
    kept, offset = list(have), 0
    for index, (_, size) in enumerate(info.files):
        if index in files and size:
            first, last = offset // info.piece_length, (offset + size - 1) // info.piece_length
            kept[first : last + 1] = [False] * (last + 1 - first)
        offset += size
    return kept


def resume_data(
    info: Info,
    have: Sequence[bool],
    partial: Mapping[int, Sequence[bool]],
    *,
    renamed: Mapping[int, str],
    totals: Mapping[bytes, int],
) -> bytes:
    """Returns resume data with these claims, names of files, and totals."""
    unfinished: list[Bencoded] = [
        {b"piece": piece, b"bitmask": _bits(blocks)} for piece, blocks in sorted(partial.items()) if not have[piece]
    ]
    data: dict[bytes, Bencoded] = {
        b"file-format": b"libtorrent resume file",
        b"file-version": 1,
        b"info-hash": info.info_hash_v1,
        b"pieces": bytes(have),
        b"unfinished": unfinished,
        **totals,
    }
    if renamed:
        data[b"mapped_files"] = [renamed.get(index, "").encode() for index in range(max(renamed) + 1)]
    return bencode.encode(data)


def _bits(blocks: Sequence[bool]) -> bytes:
    mask = bytearray(-(-len(blocks) // 8))
    for block, held in enumerate(blocks):
        mask[block // 8] |= 0x80 >> block % 8 if held else 0
    return bytes(mask)
