"""Progress of Transmission as resume data in libtorrent's format, which libtorrent itself reads."""

from pathlib import Path
from typing import Any

import libtorrent
import pytest

from ouzel.cli.importing import claims
from ouzel.cli.importing.claims import BLOCK
from ouzel.cli.importing.moved_torrent import Info, Unusable, info_of
from tools.rig import payload

lt: Any = libtorrent


def info(size: int, length: int) -> Info:
    """A torrent with a small second file."""
    return Info("name", length, -(-size // length), [("a", size - 10), ("b", 10)], bytes(20))


def bits(number: int, *set_bits: int) -> bytes:
    """A bitfield."""
    mask = bytearray(-(-number // 8))
    for bit in set_bits:
        mask[bit // 8] |= 0x80 >> bit % 8
    return bytes(mask)


def test_blocks_become_pieces() -> None:
    """A piece with all its blocks is complete; blocks of other pieces are kept. The last ones may be short."""
    have, partial = claims.of_blocks(info(10 * BLOCK + 5, 4 * BLOCK), bits(11, 0, 1, 2, 3, 5, 8, 9, 10))
    assert have == [True, False, True]
    assert partial == {1: [False, True, False, False]}
    have, partial = claims.of_blocks(info(10 * BLOCK + 5, 4 * BLOCK), bits(11, 10))
    assert (have, partial) == ([False] * 3, {2: [False, False, True]})


def test_blocks_that_are_not_libtorrents() -> None:
    """Earlier versions divide pieces that are no power of two; later ones let a block reach into two pieces."""
    odd = 24 * 1024
    earlier = info(4 * odd, odd)
    assert claims.block_size(earlier, 1) == odd // 2
    assert claims.of_blocks(earlier, bits(8, 0, 1, 4))[0] == [True, False, False, False]
    later = info(40 * odd, odd)
    assert claims.block_size(later, -(-60 // 8)) == BLOCK
    have, partial = claims.of_blocks(later, bits(60, 0, 1, 2))
    assert (have[:3], partial) == ([True, True, False], {})
    assert claims.of_blocks(later, b"")[0] == [False] * 40, "a truncated bitfield claims nothing"


def test_doubtful_files_lose_their_pieces() -> None:
    """Also those that they share with others."""
    there = info(10 * BLOCK, 4 * BLOCK)
    assert claims.without(there, [True] * 3, [1]) == [True, True, False]
    assert claims.without(there, [True] * 3, [0]) == [False] * 3


def test_libtorrent_reads_it(tmp_path: Path) -> None:
    """With names and totals."""
    made = payload.make(tmp_path, "set", {"a": 300_000, "b": 10}, piece_size=64 * 1024)
    found = info_of(made.metainfo)
    assert (found.pieces, {path for path, _ in found.files}) == (5, {"set/a", "set/b"})
    data = claims.resume_data(
        found,
        [True, False, False, True, False],
        {1: [True, False, False, True], 3: [True]},
        renamed={1: "set/b.part"},
        totals={b"total_uploaded": 7},
    )
    params = lt.read_resume_data(data)
    assert params.have_pieces[:5] == [True, False, False, True, False]
    assert params.unfinished_pieces[1][:4] == [True, False, False, True]
    assert (params.renamed_files, params.total_uploaded) == ({1: "set/b.part"}, 7)
    assert str(params.info_hashes.v1) == made.torrent


def test_a_torrent_file_that_cannot_be_read() -> None:
    """It is one error, whatever is wrong."""
    for metainfo in (b"", b"de", b"d4:infodee", b"d4:infoi1ee", b"d4:infod4:name1:\xffee"):
        with pytest.raises(Unusable, match="no metadata that can be read"):
            info_of(metainfo)
