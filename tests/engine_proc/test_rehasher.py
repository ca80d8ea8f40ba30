"""Real torrents of all kinds, real holes and real damage: what is proven is right, and what is right is found."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine_proc import libtorrent_params
from engine_proc.pieces import Unverified, proves
from engine_proc.rehasher import Rehasher, data_ranges
from protocol.desired import DesiredTorrent, Selection
from tests.rig import payload
from tests.rig.payload import Torrent
from tests.rig.waiting import until

KINDS = ("v1", "v2", "hybrid")
PIECE = 32 * 1024
FILES = {"a.bin": 5 * PIECE + 700, "sub/b.bin": 3 * PIECE, "c.txt": 100, "d.bin": 2 * PIECE + 20_000}


@pytest.fixture
def rehasher() -> Iterator[Rehasher]:
    """One that is closed at the end."""
    running = Rehasher()
    yield running
    running.close()


def lacks_all(made: Torrent, selection: Selection | None = None) -> tuple[Unverified, int]:
    """What a torrent lacks whose resume data knows of nothing, and how many pieces it has."""
    desired = DesiredTorrent(
        torrent=made.torrent, source="metainfo", save_path=str(made.root), selection=selection or Selection()
    )
    params = libtorrent_params.load(desired, metainfo=made.metainfo, resume=None)
    found = libtorrent_params.unverified(params, made.metainfo)
    assert found is not None
    return found, params.ti.num_pieces()


def rehash(rehasher: Rehasher, unverified: Unverified, saved_at: float = 0.0) -> frozenset[int]:
    """The pieces that are proven."""
    rehasher.submit("t", unverified, saved_at=saved_at, added_us=0)
    return until(
        lambda: next(((each,) for each in (o.verified for o in rehasher.outcomes()) if each is not None), None),
        "the end of the rehash",
    )[0]


@pytest.mark.parametrize("kind", KINDS)
def test_every_piece_of_whole_files_is_proven(rehasher: Rehasher, tmp_path: Path, kind: str) -> None:
    """SHA-1 for v1 and hybrid, merkle roots for v2; short last pieces and files of one block, too."""
    made = payload.make(tmp_path, "set", FILES, piece_size=PIECE, version=kind)
    unverified, pieces = lacks_all(made)
    assert rehash(rehasher, unverified) == frozenset(range(pieces))


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_pieces_and_holes_are_not_claimed(rehasher: Rehasher, tmp_path: Path, kind: str) -> None:
    """A flipped byte costs its piece, a hole the pieces it touches, a missing file its own."""
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
    params = libtorrent_params.parse_metainfo(made.metainfo)
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
    """Their pieces failed once, or are there by somebody else's doing."""
    made = payload.make(tmp_path, "one.bin", {"": 4 * PIECE}, piece_size=PIECE)
    unverified, _ = lacks_all(made)
    os.utime(tmp_path / "one.bin", (1, 1))
    assert rehash(rehasher, unverified, saved_at=time.time()) == frozenset()


def test_pieces_that_touch_unwanted_files_are_left_alone(rehasher: Rehasher, tmp_path: Path) -> None:
    """Their other part may be in a part file."""
    made = payload.make(tmp_path, "set", {"a.bin": PIECE + 10, "b.bin": 2 * PIECE}, piece_size=PIECE)
    unverified, _ = lacks_all(made, Selection(exclude=["b.bin"]))
    assert rehash(rehasher, unverified) == frozenset({0})


def test_data_ranges_are_where_something_was_written(tmp_path: Path) -> None:
    """A hole has none, a missing file has none, and neither is an error."""
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(1 << 20)
        file.seek(512 * 1024)
        file.write(b"x" * 4096)
    assert data_ranges(str(path)) == [(512 * 1024, 512 * 1024 + 4096)]
    assert data_ranges(str(tmp_path / "none")) == []


def test_what_was_added_last_is_looked_at_first(rehasher: Rehasher, tmp_path: Path) -> None:
    """While one torrent is being hashed, the newest of those that wait is next."""
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
