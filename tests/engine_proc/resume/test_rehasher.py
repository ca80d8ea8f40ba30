"""Real torrents of all kinds, real holes and real damage: proven pieces are right, and right pieces are found."""

import os
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from engine_proc.libtorrent_adapter.parsing import (
    libtorrent_claims,
    libtorrent_foreign,
    libtorrent_params,
    libtorrent_sources,
)
from engine_proc.resume.pieces import BLOCK, OFFERED_MAX, Unverified, Verified
from engine_proc.resume.proof import proves
from engine_proc.resume.rehasher import Rehashed, Rehasher, data_ranges
from protocol.wire.desired import DesiredTorrent, Selection
from tools.rig import payload
from tools.rig.migration import foreign_resume
from tools.rig.mounts import Mount, loop_ext4, tmpfs
from tools.rig.payload import Torrent
from tools.rig.waiting import until

pytestmark = pytest.mark.slow

KINDS = ("v1", "v2", "hybrid")
PIECE = 32 * 1024
FILES = {"a.bin": 5 * PIECE + 700, "sub/b.bin": 3 * PIECE, "c.txt": 100, "d.bin": 2 * PIECE + 20_000}


@pytest.fixture
def rehasher() -> Iterator[Rehasher]:
    """A rehasher that is closed at the end of the test."""
    running = Rehasher()
    yield running
    running.close()


def lacks_all(made: Torrent, selection: Selection | None = None) -> tuple[Unverified, int]:
    """The missing pieces of a torrent without claims in its resume data, and its number of pieces."""
    desired = DesiredTorrent(
        torrent=made.torrent, source="metainfo", save_path=str(made.root), selection=selection or Selection()
    )
    params = libtorrent_params.load(desired, metainfo=made.metainfo, resume=None)
    params.have_pieces = [False] * params.ti.num_pieces()
    found = libtorrent_claims.unverified(params, [], complete=False, metainfo=made.metainfo, resume=b"")
    assert found is not None
    return found, params.ti.num_pieces()


def look_at(rehasher: Rehasher, unverified: Unverified, saved_at: float = 0.0) -> Verified:
    """The result of examining a torrent."""
    ticket = rehasher.submit("t", unverified, saved_at=saved_at, added_us=0)
    return until(
        lambda: next((o.verified for o in rehasher.outcomes() if o.ticket == ticket and o.verified is not None), None),
        "the end of the rehash",
    )


def rehash(rehasher: Rehasher, unverified: Unverified, saved_at: float = 0.0) -> frozenset[int]:
    """The proven pieces."""
    return look_at(rehasher, unverified, saved_at).pieces


@pytest.mark.parametrize("kind", KINDS)
def test_every_piece_of_whole_files_is_proven(rehasher: Rehasher, tmp_path: Path, kind: str) -> None:
    """By SHA-1 for v1 and hybrid, merkle roots for v2; also short last pieces and files of one block."""
    made = payload.make(tmp_path, "set", FILES, piece_size=PIECE, version=kind)
    unverified, pieces = lacks_all(made)
    assert rehash(rehasher, unverified) == frozenset(range(pieces))


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_pieces_and_holes_are_not_claimed(rehasher: Rehasher, tmp_path: Path, kind: str) -> None:
    """A flipped byte costs its piece, a hole the pieces that it overlaps, and a missing file its own pieces."""
    made = payload.make(tmp_path, "set", FILES, piece_size=PIECE, version=kind)
    unverified, pieces = lacks_all(made)
    with (tmp_path / "set/a.bin").open("r+b") as file:
        file.seek(PIECE + 5)
        byte = file.read(1)
        file.seek(PIECE + 5)
        file.write(bytes([byte[0] ^ 1]))
    whole = (tmp_path / "set/d.bin").read_bytes()
    (tmp_path / "set/d.bin").unlink()
    with (tmp_path / "set/d.bin").open("wb") as file:
        file.truncate(len(whole))
        file.seek(PIECE)
        file.write(whole[PIECE : 2 * PIECE])
    (tmp_path / "set/c.txt").unlink()
    proven = rehash(rehasher, unverified)
    params = libtorrent_sources.parse_metainfo(made.metainfo)
    storage = params.ti.layout()
    content = b"".join(
        bytes(storage.file_size(index))
        if storage.file_flags(index) & storage.flag_pad_file
        else _read(tmp_path / storage.file_path(index), storage.file_size(index))
        for index in range(storage.num_files())
    )
    for missing in unverified.missing:
        assert missing.number not in proven or proves(missing, content[missing.offset : missing.offset + missing.size])
    names = [storage.file_path(index) for index in range(storage.num_files())]
    flipped = storage.file_offset(names.index("set/a.bin")) + PIECE + 5
    assert flipped // PIECE not in proven
    assert 0 < len(proven) < pieces - 2


def _read(path: Path, size: int) -> bytes:
    return path.read_bytes() if path.exists() else b"\1" * size


def test_files_that_were_not_written_since_are_not_read(rehasher: Rehasher, tmp_path: Path) -> None:
    """Their pieces failed once, or another program wrote them."""
    made = payload.make(tmp_path, "one.bin", {"": 4 * PIECE}, piece_size=PIECE)
    unverified, _ = lacks_all(made)
    os.utime(tmp_path / "one.bin", (1, 1))
    assert rehash(rehasher, unverified, saved_at=time.time()) == frozenset()


def test_pieces_that_touch_unwanted_files_are_proven_where_these_exist(rehasher: Rehasher, tmp_path: Path) -> None:
    """libtorrent reads them there. Without these files it reads the part file, which does not exist here."""
    made = payload.make(tmp_path, "set", {"a.bin": PIECE + 10, "b.bin": 2 * PIECE}, piece_size=PIECE)
    unverified, _ = lacks_all(made, Selection(exclude=("b.bin",)))
    assert rehash(rehasher, unverified) == frozenset({0, 1})
    (tmp_path / "set/b.bin").unlink()
    assert rehash(rehasher, unverified) == frozenset({0})


def test_the_part_file_has_what_its_header_says(rehasher: Rehasher, tmp_path: Path) -> None:
    """A border piece is proven from both files; without the header it is not."""
    made = payload.make(tmp_path, "set", {"a.bin": PIECE + 10, "b.bin": 2 * PIECE}, piece_size=PIECE)
    unverified, pieces = lacks_all(made, Selection(exclude=("b.bin",)))
    border = (tmp_path / "set/b.bin").read_bytes()[: PIECE - 10]
    (tmp_path / "set/b.bin").unlink()
    slots = [-1, 0] + [-1] * (pieces - 2)
    header = struct.pack(f">{2 + pieces}i", pieces, PIECE, *slots).ljust(1024, b"\0")
    parts = Path(unverified.part_file.path)
    assert parts == tmp_path / f".{made.torrent}.parts"
    parts.write_bytes(header + bytes(10) + border)
    assert rehash(rehasher, unverified) == frozenset({0, 1})
    parts.write_bytes(bytes(1024) + bytes(10) + border)
    assert rehash(rehasher, unverified) == frozenset({0})
    claimed = unverified._replace(missing=[], borders=[0, 1])
    assert look_at(rehasher, claimed) == Verified(lost=frozenset({1}))
    parts.write_bytes(header + bytes(10) + border)
    assert look_at(rehasher, claimed) == Verified()


def test_doubtful_pieces_are_lost_unless_they_are_proven(rehasher: Rehasher, tmp_path: Path) -> None:
    """However old the files are."""
    made = payload.make(tmp_path, "set", {"a.bin": 2 * PIECE, "b.bin": 2 * PIECE}, piece_size=PIECE)
    unverified, pieces = lacks_all(made)
    (tmp_path / "set/b.bin").write_bytes(bytes(2 * PIECE))
    for name in ("a.bin", "b.bin"):
        os.utime(tmp_path / "set" / name, (1, 1))
    found = look_at(rehasher, unverified._replace(doubtful=frozenset(range(pieces))), saved_at=time.time())
    assert found == Verified(pieces=frozenset({0, 1}), lost=frozenset({2, 3}))


def written(path: Path, *ranges: tuple[int, int]) -> None:
    """Writes these ranges of a file, and leaves holes elsewhere."""
    whole = path.read_bytes()
    path.unlink()
    with path.open("wb") as file:
        file.truncate(len(whole))
        for start, end in ranges:
            file.seek(start)
            file.write(whole[start:end])


@pytest.mark.parametrize("kind", KINDS)
def test_blocks_of_pieces_that_are_not_whole_are_offered(rehasher: Rehasher, tmp_path: Path, kind: str) -> None:
    """Only whole blocks, and only of a few pieces, those with the most of them."""
    piece = 8 * BLOCK
    made = payload.make(tmp_path, "one.bin", {"": 6 * piece}, piece_size=piece, version=kind)
    unverified, _ = lacks_all(made)
    written(
        tmp_path / "one.bin",
        (0, piece + 3 * BLOCK + 4096),
        (2 * piece + BLOCK, 2 * piece + 7 * BLOCK),
        (3 * piece, 3 * piece + BLOCK),
        (5 * piece - 2 * BLOCK, 5 * piece),
    )
    found = look_at(rehasher, unverified)
    assert found.pieces == {0}
    assert len(found.blocks) == OFFERED_MAX
    assert {number: [at for at, bit in enumerate(bits) if bit] for number, bits in found.blocks.items()} == {
        1: [0, 1, 2],
        2: [1, 2, 3, 4, 5, 6],
        4: [6, 7],
    }


def test_where_a_piece_is_all_there_and_wrong_no_block_is_offered(rehasher: Rehasher, tmp_path: Path) -> None:
    """Another program has written there, or the file system reports everything as data."""
    piece = 4 * BLOCK
    made = payload.make(tmp_path, "one.bin", {"": 4 * piece}, piece_size=piece)
    unverified, _ = lacks_all(made)
    written(tmp_path / "one.bin", (0, piece + BLOCK))
    with (tmp_path / "one.bin").open("r+b") as file:
        file.write(b"wrong")
    assert look_at(rehasher, unverified) == Verified()
    (tmp_path / "one.bin").write_bytes(bytes(4 * piece))
    assert look_at(rehasher, unverified) == Verified()


def test_blocks_of_zeros_are_not_offered(rehasher: Rehasher, tmp_path: Path) -> None:
    """A file system with large blocks reports as data what was never written."""
    piece = 4 * BLOCK
    made = payload.make(tmp_path, "one.bin", {"": 4 * piece}, piece_size=piece)
    unverified, _ = lacks_all(made)
    written(tmp_path / "one.bin", (0, BLOCK))
    with (tmp_path / "one.bin").open("r+b") as file:
        file.seek(BLOCK)
        file.write(bytes(2 * BLOCK))
    assert look_at(rehasher, unverified).blocks == {0: [True]}


def test_data_ranges_are_where_something_was_written(tmp_path: Path) -> None:
    """A hole has none, a missing file has none, and neither is an error."""
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(1 << 20)
        file.seek(512 * 1024)
        file.write(b"x" * 4096)
    assert data_ranges(str(path)) == [(512 * 1024, 512 * 1024 + 4096)]
    assert data_ranges(str(tmp_path / "none")) == []


def test_what_is_no_file_has_no_data(rehasher: Rehasher, tmp_path: Path) -> None:
    """A FIFO without a writer does not block the thread; neither does a folder or a link."""
    made = payload.make(tmp_path, "set", FILES, piece_size=PIECE)
    unverified, _ = lacks_all(made)
    for name in FILES:
        (tmp_path / "set" / name).unlink()
    os.mkfifo(tmp_path / "set/a.bin")
    (tmp_path / "set/d.bin").mkdir()
    (tmp_path / "set/c.txt").symlink_to("/dev/zero")
    assert look_at(rehasher, unverified) == Verified()


def test_what_was_added_last_is_looked_at_first(rehasher: Rehasher, tmp_path: Path) -> None:
    """While one torrent is being hashed, the newest of the others is next."""
    made = payload.make(tmp_path, "one.bin", {"": 4 * PIECE}, piece_size=PIECE)
    big = payload.make(tmp_path, "big.bin", {"": 64 << 20}, piece_size=1 << 20)
    unverified, _ = lacks_all(made)
    rehasher.submit("big", lacks_all(big)[0], saved_at=0, added_us=0)
    for added_us in (1, 3, 2):
        rehasher.submit(f"t{added_us}", unverified, saved_at=0, added_us=added_us)
    ended: list[str] = []

    def four() -> bool:
        ended.extend(outcome.torrent for outcome in rehasher.outcomes() if outcome.verified is not None)
        return len(ended) == 4

    until(four, "four ends")
    assert [torrent for torrent in ended if torrent != "big"] == ["t3", "t2", "t1"]


def test_what_is_given_up_is_not_hashed(rehasher: Rehasher, tmp_path: Path) -> None:
    """Its end is reported all the same."""
    big = payload.make(tmp_path, "big.bin", {"": 64 << 20}, piece_size=1 << 20)
    unverified, pieces = lacks_all(big)
    first, second = (rehasher.submit(name, unverified, saved_at=0, added_us=0) for name in ("t1", "t2"))
    rehasher.give_up(second)
    ended: dict[int, Rehashed] = {}

    def both() -> bool:
        ended.update((outcome.ticket, outcome) for outcome in rehasher.outcomes() if outcome.verified is not None)
        return len(ended) == 2

    until(both, "both ends")
    assert ended[first].verified == Verified(pieces=frozenset(range(pieces)))
    assert ended[second] == Rehashed("t2", second, 0, Verified())


@pytest.mark.mounts
@pytest.mark.parametrize("mount", [tmpfs, loop_ext4])
def test_preallocated_space_is_no_data_and_written_zeros_are(
    rehasher: Rehasher, tmp_path: Path, mount: Callable[[Path, int], AbstractContextManager[Mount]]
) -> None:
    """A file that another program has allocated in full contains only what was written into it since."""
    piece = 4 * BLOCK
    made = payload.make(tmp_path / "seed", "one.bin", {"": 8 * piece}, piece_size=piece)
    content = (made.root / "one.bin").read_bytes()
    with mount(tmp_path / "fs", 16 << 20) as small:
        file = small.path / "one.bin"
        unverified, _ = lacks_all(made._replace(root=small.path))
        with file.open("wb") as stream:
            os.posix_fallocate(stream.fileno(), 0, made.size)
            assert data_ranges(str(file)) == []
            stream.write(content[: piece + BLOCK])
            stream.seek(5 * piece)
            stream.write(content[5 * piece : 6 * piece])
        assert look_at(rehasher, unverified) == Verified(pieces=frozenset({0, 5}), blocks={1: [True]})
        os.sync()
        assert look_at(rehasher, unverified) == Verified(pieces=frozenset({0, 5}), blocks={1: [True]})
        with file.open("wb") as stream:
            stream.write(bytes(made.size))
            stream.seek(0)
            stream.write(content[: piece + BLOCK])
        assert data_ranges(str(file)) == [(0, made.size)]
        assert look_at(rehasher, unverified) == Verified(pieces=frozenset({0}))


@pytest.mark.parametrize("kind", KINDS)
def test_claims_of_another_client_are_believed_only_where_there_is_data(
    tmp_path: Path, rehasher: Rehasher, kind: str
) -> None:
    """A hole is hashed, and lost unless the piece is zeros. Blocks in a hole are lost, too."""
    made = payload.make(tmp_path, "set", {"": 6 * PIECE}, piece_size=PIECE, version=kind)
    with (tmp_path / "set").open("r+b") as file:
        content = file.read()
        file.truncate(0)
        file.truncate(len(content))
        for piece in (0, 3):
            file.seek(piece * PIECE)
            file.write(content[piece * PIECE : (piece + 1) * PIECE])
    desired = DesiredTorrent(torrent=made.torrent, source="metainfo", save_path=str(made.root))
    params = libtorrent_sources.parse_metainfo(made.metainfo)
    pieces = params.ti.num_pieces()
    given = foreign_resume.make(made.metainfo, {0, 1}, blocks={2: {0}, 3: {1}})
    adopted = libtorrent_foreign.adopt(params, given)
    loaded = libtorrent_params.load(desired, metainfo=made.metainfo, resume=adopted)
    found = libtorrent_claims.unverified(loaded, [], complete=False, metainfo=made.metainfo, resume=adopted)
    assert found is not None
    assert found.foreign is not None
    verified = look_at(rehasher, found)
    assert verified.pieces == {3}, "it is on disk, and was not claimed"
    assert verified.lost == {1}
    assert not any(verified.blocks[2])
    assert pieces == 6
