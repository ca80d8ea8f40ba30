"""An interrupted check of all files continues with everything that it has not checked, and claims nothing else."""

import hashlib
from pathlib import Path
from typing import Any, Final

import libtorrent
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine_proc.libtorrent_adapter.parsing import libtorrent_claims
from engine_proc.session.alerts import NativeState, PrioritiesSet, ResumeData, TorrentAdded
from engine_proc.session.session_port import Loading
from protocol.wire.desired import DesiredTorrent, Selection
from tests.engine_proc.loopback import real_session
from tools.rig import bencode, payload
from tools.rig.probe import Probe
from tools.rig.waiting import PATIENCE_S

pytestmark = pytest.mark.slow

lt: Any = libtorrent  # the type stubs do not declare the result

PIECE: Final = 1024 * 1024
PIECES: Final = 509
"""No multiple of eight: saved bitfields are read back as whole bytes."""


def zeros(root: Path) -> tuple[str, bytes]:
    """A torrent of zeros in two sparse files, which takes long to hash and needs no space: its id and metainfo."""
    size = PIECES * PIECE
    first = size // 2 + 100
    entries: list[bencode.Bencodable] = [
        {b"length": first, b"path": [b"a"]},
        {b"length": size - first, b"path": [b"b"]},
    ]
    digest = hashlib.sha1(bytes(PIECE), usedforsecurity=False).digest()
    info: bencode.Bencodable = {b"name": b"z", b"piece length": PIECE, b"pieces": digest * PIECES, b"files": entries}
    (root / "z").mkdir()
    for name, length in (("a", first), ("b", size - first)):
        with (root / "z" / name).open("wb") as file:
            file.truncate(length)
    metainfo = bencode.encode({b"info": info})
    return str(lt.load_torrent_buffer(metainfo).info_hashes.v1), metainfo


def saved(probe: Probe, torrent: str) -> bytes:
    """Resume data, requested now."""
    probe.session.save_resume(torrent, only_if_modified=False)
    return probe.take(ResumeData, torrent).blob


def finishes(desired: DesiredTorrent, metainfo: bytes, resume: bytes) -> None:
    """Another session that gets this resume data finds all pieces."""
    with real_session() as probe:
        loading = probe.session.resume(desired, metainfo=metainfo, resume=resume)
        assert isinstance(loading, Loading), "libtorrent looks at it itself"
        probe.take(TorrentAdded, desired.torrent)
        done = probe.status(desired.torrent, lambda row: row.state is NativeState.SEEDING, within_s=PATIENCE_S)
        assert done.done == done.wanted == PIECES * PIECE


@pytest.mark.parametrize("moment", ["under way", "paused", "before", "with another selection"])
def test_a_check_that_was_interrupted_finds_all_that_is_there(tmp_path: Path, moment: str) -> None:
    """Data is saved during the check, after a pause, before it began, and after more files were selected."""
    torrent, metainfo = zeros(tmp_path)
    desired = DesiredTorrent(torrent=torrent, source="metainfo", save_path=str(tmp_path))
    begun = DesiredTorrent(
        torrent=torrent,
        source="metainfo",
        save_path=str(tmp_path),
        paused=moment == "before",
        selection=Selection(include=("a",)) if moment == "with another selection" else Selection(),
    )
    with real_session() as probe:
        probe.session.add(begun, metainfo=metainfo, resume=None)
        probe.take(TorrentAdded, torrent)
        if moment != "before":
            probe.status(torrent, lambda row: row.state is NativeState.CHECKING_FILES and row.done > 5 * PIECE)
        if moment == "paused":
            probe.session.set_paused(torrent, True)
        if moment == "with another selection":
            probe.session.set_selection(torrent, desired)
            probe.take(PrioritiesSet, torrent)
        resume = saved(probe, torrent)
    have = lt.read_resume_data(resume).have_pieces
    assert len(have) < PIECES
    assert all(have), "what is claimed has no holes"
    finishes(desired, metainfo, resume)


def test_claims_that_were_saved_with_holes_are_looked_at_again(tmp_path: Path) -> None:
    """As an earlier version saved them: everything after the first hole is checked."""
    torrent, metainfo = zeros(tmp_path)
    params = lt.load_torrent_buffer(metainfo)
    params.have_pieces = [number not in (3, 77, 79) for number in range(83)]
    params.save_path = str(tmp_path)
    desired = DesiredTorrent(torrent=torrent, source="metainfo", save_path=str(tmp_path))
    finishes(desired, metainfo, bytes(lt.write_resume_data_buf(params)))


class _Params:
    """The parts of libtorrent's parameters that concern a check."""

    def __init__(self, have: list[bool], pieces: int) -> None:
        self.have_pieces = have
        self.unfinished_pieces = {0: [True]}
        self.ti = self
        self._pieces = pieces

    def num_pieces(self) -> int:
        return self._pieces


@given(st.lists(st.booleans(), max_size=80), st.integers(1, 80))
def test_what_is_kept_of_an_unfinished_check_has_no_hole_and_is_read_back_as_it_is(
    have: list[bool], pieces: int
) -> None:
    """Of a check that has ended, everything is kept."""
    params = _Params(have, pieces)
    libtorrent_claims.settle_check(params)
    if len(have) >= pieces:
        assert params.have_pieces == have
        return
    kept = params.have_pieces
    assert kept == have[: len(kept)]
    assert all(kept)
    assert len(kept) % 8 == 0
    assert not all(have[: len(kept) + 8]) or len(have) < len(kept) + 8
    assert params.unfinished_pieces == {}


def test_an_interrupted_check_is_not_taken_for_its_end_by_the_rehasher(tmp_path: Path) -> None:
    """Otherwise, files that were not written since would not be checked, and others would have holes."""
    made = payload.make(tmp_path, "two", {"old": 5 * PIECE, "new": 5 * PIECE}, piece_size=PIECE)
    desired = DesiredTorrent(torrent=made.torrent, source="metainfo", save_path=str(tmp_path))
    params = lt.load_torrent_buffer(made.metainfo)
    params.save_path = str(tmp_path)
    resume = bytes(lt.write_resume_data_buf(params))
    with real_session() as probe:
        assert isinstance(probe.session.resume(desired, metainfo=made.metainfo, resume=resume), Loading)
        probe.take(TorrentAdded, made.torrent)
        probe.status(made.torrent, lambda row: row.state is NativeState.SEEDING)
