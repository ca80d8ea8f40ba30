"""What is examined before a torrent is added, and that libtorrent handles offered blocks correctly."""

import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

import libtorrent
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine_proc.libtorrent_adapter.parsing import (
    libtorrent_claims,
    libtorrent_files,
    libtorrent_params,
    libtorrent_sources,
)
from engine_proc.resume.pieces import BLOCK, OFFERED_MAX, Unverified, Verified
from engine_proc.session.alerts import Flushed, NativeState, SessionStatistics, TorrentAdded
from engine_proc.session.session_port import Loading
from protocol.wire.desired import DesiredTorrent, Selection
from tests.engine_proc.loopback import real_session
from tools.rig import bencode, payload
from tools.rig.hostile import hostile
from tools.rig.hostile.hostile import PIECE_LENGTH, Entry
from tools.rig.payload import Torrent
from tools.rig.seed import Seed

lt: Any = libtorrent

KINDS = ("v1", "v2", "hybrid")
BLOCKS = 16
PIECE = BLOCKS * BLOCK


def saved(made: Torrent, *, lacks: Collection[int] | None = None, priorities: list[int] | None = None) -> bytes:
    """Resume data that lacks these pieces, or all of them."""
    params = lt.load_torrent_buffer(made.metainfo)
    params.have_pieces = [lacks is not None and piece not in lacks for piece in range(params.ti.num_pieces())]
    params.file_priorities = priorities or []
    blob = lt.write_resume_data_buf(params)
    assert isinstance(blob, bytes)
    return blob


def desired(made: Torrent, save_path: Path, **fields: Any) -> DesiredTorrent:
    """The torrent as a client would add it."""
    return DesiredTorrent(torrent=made.torrent, source="metainfo", save_path=str(save_path), **fields)


def unverified(made: Torrent, resume: bytes, *, selection: Selection | None = None) -> Unverified | None:
    """The pieces to examine."""
    wanted = desired(made, made.root, selection=selection or Selection())
    params = libtorrent_sources.parse(wanted, metainfo=made.metainfo, resume=resume)
    before = params.file_priorities
    libtorrent_params.apply_desired(params, wanted, resumed=True)
    return libtorrent_claims.unverified(
        params, before, complete=libtorrent_files.has_all_wanted(params), metainfo=made.metainfo, resume=resume
    )


# -- what is claimed, and where ---------------------------------------------------------------------------------------


def test_files_of_one_name_are_looked_for_where_libtorrent_has_them(tmp_path: Path) -> None:
    """libtorrent gave one of them another name. So neither counts as truncated, and is not downloaded again."""
    made = hostile.v1(b"root", [Entry([b"x"], bytes(100)), Entry([b"x"], bytes(200)), Entry([b"x", b"y"], bytes(300))])
    params = lt.load_torrent_buffer(made.metainfo)
    params.have_pieces = [True]
    wanted = DesiredTorrent(torrent=made.torrent, source="metainfo", save_path=str(tmp_path))
    params = libtorrent_sources.parse(wanted, metainfo=None, resume=lt.write_resume_data_buf(params))
    params.ti = lt.load_torrent_buffer(made.metainfo).ti
    libtorrent_params.apply_desired(params, wanted, resumed=True)
    claimed = {file.path: file.end for file in libtorrent_claims.examine(params).claimed}
    with real_session() as probe:
        probe.session.add(wanted, metainfo=made.metainfo, resume=None)
        probe.take(TorrentAdded, made.torrent)
        parts, *files = probe.session.paths(made.torrent)
    assert sorted(files) == sorted(claimed)
    assert sorted(claimed.values()) == [100, 200, 300]
    assert len(set(files)) == 3
    assert parts == f"{tmp_path}/.{made.torrent}.parts"


def test_what_is_not_claimed_is_told_of_beside_it(tmp_path: Path) -> None:
    """Unwanted, empty and missing files, the folder of a link, and the part file are listed; padding is not."""
    entries = [Entry([name], bytes(PIECE_LENGTH)) for name in (b"have", b"lack", b"unwanted")]
    pad = Entry([b".pad", b"1"], bytes(PIECE_LENGTH), b"p")
    made = hostile.v1(b"root", [*entries, Entry([b"empty"]), hostile.link(b"d", b"l", to=[b"have"]), pad])
    params = lt.load_torrent_buffer(made.metainfo)
    params.have_pieces = [True, False, False, True]
    wanted = DesiredTorrent(
        torrent=made.torrent, source="metainfo", save_path=str(tmp_path), selection=Selection(exclude=("unwanted",))
    )
    libtorrent_params.apply_desired(params, wanted, resumed=True)
    examined = libtorrent_claims.examine(params)
    assert [file.path for file in examined.claimed] == [f"{tmp_path}/root/have"]
    names = [f".{made.torrent}.parts", "root/lack", "root/unwanted", "root/empty", "root/d"]
    assert examined.others == [f"{tmp_path}/{name}" for name in names]


# -- what is looked at ------------------------------------------------------------------------------------------------

SET = {"a.bin": 2 * PIECE + 10, "b.bin": 2 * PIECE, "c.bin": 2 * PIECE}
"""Pieces 2 and 4 lie in two files each, and piece 6 is shorter."""


def test_a_torrent_that_has_all_is_not_looked_at(tmp_path: Path) -> None:
    """Neither is a torrent that lacks only unwanted pieces."""
    made = payload.make(tmp_path, "set", SET, piece_size=PIECE)
    assert unverified(made, saved(made, lacks=[])) is None


def test_claims_to_what_is_not_wanted_are_looked_at(tmp_path: Path) -> None:
    """Pieces that overlap an unwanted file may be in the part file, or nowhere."""
    made = payload.make(tmp_path, "set", SET, piece_size=PIECE)
    resume = saved(made, lacks=[3], priorities=[4, 0, 4])
    found = unverified(made, resume, selection=Selection(exclude=("b.bin",)))
    assert found is not None
    assert (list(found.borders), found.doubtful) == ([2, 4], frozenset())
    assert Path(found.part_file.path) == tmp_path / f".{made.torrent}.parts"


def test_claims_to_what_came_to_be_wanted_are_doubted(tmp_path: Path) -> None:
    """These pieces are among those to prove."""
    made = payload.make(tmp_path, "set", SET, piece_size=PIECE)
    resume = saved(made, lacks=[3], priorities=[4, 0, 4])
    found = unverified(made, resume)
    assert found is not None
    assert (list(found.borders), found.doubtful) == ([], frozenset({2, 4}))
    assert [piece.number for piece in found.missing] == [2, 3, 4]


def test_aligned_files_share_no_pieces(tmp_path: Path) -> None:
    """In hybrid and v2 torrents, an unwanted file without data is no reason to examine the torrent."""
    for kind in ("hybrid", "v2"):
        made = payload.make(tmp_path / kind, "set", SET, piece_size=PIECE, version=kind)
        storage = lt.load_torrent_buffer(made.metainfo).ti.layout()
        paths = [storage.file_path(index) for index in range(storage.num_files())]
        first = storage.piece_index_at_file(paths.index("set/b.bin"))
        resume = saved(made, lacks=[first, first + 1])
        assert unverified(made, resume, selection=Selection(exclude=("b.bin",))) is None


def test_a_v2_torrent_without_its_torrent_file_is_proven_by_the_trees_of_its_resume_data(tmp_path: Path) -> None:
    """If peers have sent the piece layers."""
    made = payload.make(tmp_path, "one.bin", {"": 7 * PIECE + 5}, piece_size=PIECE, version="v2")
    resume = saved(made)
    with_file = unverified(made, resume)
    without_file = unverified(made._replace(metainfo=b""), resume)
    magnet = desired(made, made.root)
    params = libtorrent_sources.parse(magnet, metainfo=None, resume=resume)
    if params.ti is None:
        params.ti = lt.load_torrent_buffer(made.metainfo).ti
    libtorrent_params.apply_desired(params, magnet, resumed=True)
    from_trees = libtorrent_claims.unverified(params, [], complete=False, metainfo=None, resume=resume)
    assert with_file is not None
    assert from_trees is not None
    assert list(from_trees.missing) == list(with_file.missing)
    assert len(with_file.missing) == 8
    assert without_file is None


@pytest.fixture(scope="module")
def v2(tmp_path_factory: pytest.TempPathFactory) -> Torrent:
    """A v2 torrent of five pieces."""
    return payload.make(tmp_path_factory.mktemp("v2"), "one.bin", {"": 5 * PIECE}, piece_size=PIECE, version="v2")


@given(trees=st.binary(max_size=200), layers=st.binary(max_size=200))
def test_garbage_where_hashes_are_is_no_error(v2: Torrent, trees: bytes, layers: bytes) -> None:
    """In the .torrent file and in resume data; it proves no piece."""
    params = lt.load_torrent_buffer(v2.metainfo)
    libtorrent_params.apply_desired(params, desired(v2, v2.root), resumed=True)
    root = bytes.fromhex(str(params.ti.layout().root(0)))
    for metainfo, resume in (
        (layers, b""),
        (bencode.encode([layers]), b""),
        (bencode.encode({b"piece layers": layers}), b""),
        (bencode.encode({b"piece layers": {root: layers}}), b""),
        (None, trees),
        (None, bencode.encode({b"trees": trees})),
        (None, bencode.encode({b"trees": [trees]})),
        (None, bencode.encode({b"trees": [{b"hashes": trees, b"mask": layers}]})),
    ):
        found = libtorrent_claims.unverified(params, [], complete=False, metainfo=metainfo, resume=resume)
        assert found is None or all(len(piece.digest) == 32 for piece in found.missing)


def test_a_check_of_all_files_that_was_interrupted_goes_on(tmp_path: Path) -> None:
    """libtorrent knows its progress by the number of pieces in the resume data."""
    made = payload.make(tmp_path, "one.bin", {"": 40 * PIECE}, piece_size=PIECE)
    params = lt.load_torrent_buffer(made.metainfo)
    params.have_pieces = [True] * 8
    resume = lt.write_resume_data_buf(params)
    assert unverified(made, resume) is None
    with real_session() as leech:
        loading = leech.session.resume(desired(made, made.root), metainfo=made.metainfo, resume=resume)
        assert isinstance(loading, Loading)
        leech.status(made.torrent, lambda row: row.state is NativeState.SEEDING)


# -- what is offered --------------------------------------------------------------------------------------------------


def offered(pieces: list[int], blocks: int) -> Verified:
    """The first blocks of these pieces."""
    return Verified(blocks={piece: [True] * blocks for piece in pieces})


def fetch(made: Torrent, target: Path, verified: Verified) -> int:
    """Downloads the rest from the only seed. Returns the number of blocks that came from it."""
    with Seed() as seed, real_session() as leech:
        seed.add(made.metainfo, made.root)
        wanted = desired(made, target, peers=(seed.endpoint,))
        loading = leech.session.resume(wanted, metainfo=made.metainfo, resume=saved(made), verified=verified)
        assert isinstance(loading, Loading)
        assert leech.take(TorrentAdded).problem is None
        leech.status(made.torrent, lambda row: row.state is NativeState.SEEDING)
        leech.session.flush(made.torrent)
        leech.take(Flushed, made.torrent)
        leech.session.post_statistics()
        return leech.take(SessionStatistics).downloaded // BLOCK


def write_blocks(made: Torrent, target: Path, pieces: list[int], blocks: int, *, wrong: int = 0) -> None:
    """Writes the first blocks of these pieces; some at the beginning of each are wrong."""
    target.mkdir()
    source = (made.root / made.name).read_bytes()
    with (target / made.name).open("wb") as file:
        file.truncate(made.size)
        for piece in pieces:
            start = piece * PIECE
            file.seek(start)
            file.write(os.urandom(wrong * BLOCK) + source[start + wrong * BLOCK : start + blocks * BLOCK])


@pytest.mark.network
@pytest.mark.parametrize("kind", KINDS)
def test_offered_blocks_that_are_right_are_not_fetched(tmp_path: Path, kind: str) -> None:
    """libtorrent hashes the piece with these blocks."""
    made = payload.make(tmp_path / "seed", "one.bin", {"": 8 * PIECE}, piece_size=PIECE, version=kind)
    write_blocks(made, tmp_path / "dl", [1, 3, 5], 9)
    assert fetch(made, tmp_path / "dl", offered([1, 3, 5], 9)) == 8 * BLOCKS - 3 * 9
    assert payload.sha1(tmp_path / "dl/one.bin") == payload.sha1(tmp_path / "seed/one.bin")


@pytest.mark.network
@pytest.mark.parametrize("kind", KINDS)
def test_offered_blocks_that_are_wrong_cost_their_pieces_and_no_peer(tmp_path: Path, kind: str) -> None:
    """With the maximum of offered blocks, the only seed is not banned, and the content is right in the end."""
    made = payload.make(tmp_path / "seed", "one.bin", {"": 8 * PIECE}, piece_size=PIECE, version=kind)
    pieces = list(range(OFFERED_MAX))
    write_blocks(made, tmp_path / "dl", pieces, 9, wrong=2)
    fetched = fetch(made, tmp_path / "dl", offered(pieces, 9))
    assert fetched <= 8 * BLOCKS + OFFERED_MAX * (BLOCKS - 9)
    assert payload.sha1(tmp_path / "dl/one.bin") == payload.sha1(tmp_path / "seed/one.bin")


@pytest.mark.network
@pytest.mark.parametrize("kind", KINDS)
def test_a_piece_that_is_offered_whole_is_hashed_before_it_is_believed(tmp_path: Path, kind: str) -> None:
    """If it is wrong, it is downloaded again."""
    made = payload.make(tmp_path / "seed", "one.bin", {"": 4 * PIECE}, piece_size=PIECE, version=kind)
    write_blocks(made, tmp_path / "dl", [0, 1], BLOCKS)
    with (tmp_path / "dl/one.bin").open("r+b") as file:
        file.write(b"wrong")
    assert fetch(made, tmp_path / "dl", offered([0, 1], BLOCKS)) == 3 * BLOCKS
    assert payload.sha1(tmp_path / "dl/one.bin") == payload.sha1(tmp_path / "seed/one.bin")


def test_what_is_lost_is_claimed_no_more(tmp_path: Path) -> None:
    """Proven pieces are claimed."""
    made = payload.make(tmp_path, "one.bin", {"": 8 * PIECE}, piece_size=PIECE)
    params = lt.load_torrent_buffer(made.metainfo)
    params.have_pieces = [piece < 4 for piece in range(8)]
    params.unfinished_pieces = {5: [True], 6: [True]}
    libtorrent_claims.claim(params, Verified(frozenset({5, 7}), {6: [True, True]}, frozenset({0})))
    assert [piece for piece, has in enumerate(params.have_pieces) if has] == [1, 2, 3, 5, 7]
    unfinished = {piece: list(bits)[:2] for piece, bits in params.unfinished_pieces.items()}
    assert unfinished == {6: [True, True]}
