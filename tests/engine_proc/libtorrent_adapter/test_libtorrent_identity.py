"""How real sessions treat torrents with two info-hashes, and files that two torrents share."""

from collections.abc import Iterator
from pathlib import Path

import libtorrent
import pytest

from engine_proc.session.alerts import (
    Conflict,
    MetadataReceived,
    NativeState,
    NativeStateChanged,
    TorrentAdded,
    TorrentGone,
)
from engine_proc.session.session_port import AlreadyThere, Hashes
from protocol.wire.desired import DesiredTorrent, Selection
from tests.engine_proc.loopback import add, address, real_session
from tools.rig import payload
from tools.rig.payload import Torrent
from tools.rig.probe import Probe, eventually
from tools.rig.samples import SampleTorrent, noise, two_files

pytestmark = pytest.mark.network


class Hybrid:
    """A hybrid torrent: its two ids, and its desired state by either of its links."""

    def __init__(self, made: Torrent) -> None:
        self.metainfo, self.root = made.metainfo, made.root
        hashes = libtorrent.load_torrent_buffer(made.metainfo).info_hashes
        self.v1, self.v2 = str(hashes.v1), str(hashes.v2)
        self.links = {self.v1: f"magnet:?xt=urn:btih:{self.v1}", self.v2: f"magnet:?xt=urn:btmh:1220{self.v2}"}

    def link(self, torrent: str, save_path: Path, *peers: str) -> DesiredTorrent:
        return DesiredTorrent(
            torrent=torrent, source="magnet", magnet=self.links[torrent], save_path=str(save_path), peers=tuple(peers)
        )


@pytest.fixture
def hybrid(tmp_path: Path) -> Hybrid:
    """A hybrid torrent of two files at its root."""
    return Hybrid(payload.make(tmp_path / "seed", "hy", {"a": 40_000, "b": 20_000}, piece_size=16384, version="hybrid"))


@pytest.fixture
def seeding(hybrid: Hybrid) -> Iterator[str]:
    """The address of a session that seeds it."""
    with real_session() as probe:
        there = DesiredTorrent(torrent=hybrid.v1, source="metainfo", save_path=str(hybrid.root))
        probe.session.add(there, metainfo=hybrid.metainfo, resume=None)
        probe.status(hybrid.v1, lambda row: row.state is NativeState.SEEDING)
        yield address(probe)


@pytest.fixture
def probe() -> Iterator[Probe]:
    """An empty session."""
    with real_session() as running:
        yield running


def test_metadata_that_makes_two_links_one_is_told_of_with_both(
    probe: Probe, hybrid: Hybrid, seeding: str, tmp_path: Path
) -> None:
    """libtorrent stops both torrents and keeps the metadata for neither."""
    probe.session.add(hybrid.link(hybrid.v1, tmp_path), metainfo=None, resume=None)
    probe.session.add(hybrid.link(hybrid.v2, tmp_path), metainfo=None, resume=None)
    assert {probe.take(TorrentAdded).torrent, probe.take(TorrentAdded).torrent} == {hybrid.v1, hybrid.v2}
    probe.session.connect(hybrid.v2, [seeding])
    assert probe.take(Conflict) == Conflict(hybrid.v2, hybrid.v1, hybrid.v1, hybrid.v2)
    assert probe.session.layout(hybrid.v1) is None
    probe.session.unload(hybrid.v1)
    assert probe.take(TorrentGone) == TorrentGone(hybrid.v1, None)
    assert probe.session.torrents() == {hybrid.v2}


def test_the_other_record_of_a_torrent_is_not_added(probe: Probe, hybrid: Hybrid, tmp_path: Path) -> None:
    """The metainfo proves that they are equal. Once the first torrent is removed, the second can be added."""
    there = DesiredTorrent(torrent=hybrid.v1, source="metainfo", save_path=str(tmp_path))
    probe.session.add(hybrid.link(hybrid.v2, tmp_path), metainfo=None, resume=None)
    for _ in range(2):
        with pytest.raises(AlreadyThere) as refused:
            probe.session.add(there, metainfo=hybrid.metainfo, resume=None)
        assert (refused.value.other, refused.value.hashes) == (hybrid.v2, Hashes(hybrid.v1, hybrid.v2))
        assert refused.value.proven
        probe.pump(0.1)
    probe.take(TorrentAdded)
    probe.session.remove(hybrid.v2, delete_files=False)
    assert probe.take(TorrentGone) == TorrentGone(hybrid.v2, None)
    probe.session.add(there, metainfo=hybrid.metainfo, resume=None)
    assert probe.take(TorrentAdded) == TorrentAdded(hybrid.v1, None)
    assert probe.session.hashes(hybrid.v1) == Hashes(hybrid.v1, hybrid.v2)


def test_a_link_is_known_by_what_its_metadata_shows(probe: Probe, hybrid: Hybrid, seeding: str, tmp_path: Path) -> None:
    """Only from the arrival of the metadata on; a link's own claim proves nothing."""
    probe.session.add(hybrid.link(hybrid.v2, tmp_path, seeding), metainfo=None, resume=None)
    probe.take(MetadataReceived)
    with pytest.raises(AlreadyThere) as refused:
        probe.session.add(hybrid.link(hybrid.v1, tmp_path), metainfo=None, resume=None)
    assert (refused.value.other, refused.value.proven) == (hybrid.v2, True)
    both = DesiredTorrent(
        torrent="1" * 40,
        source="magnet",
        magnet=f"magnet:?xt=urn:btih:{'1' * 40}&xt=urn:btmh:1220{'2' * 64}",
        save_path=str(tmp_path),
    )
    probe.session.add(both, metainfo=None, resume=None)
    other = DesiredTorrent(
        torrent="2" * 64, source="magnet", magnet=f"magnet:?xt=urn:btmh:1220{'2' * 64}", save_path=str(tmp_path)
    )
    with pytest.raises(AlreadyThere) as refused:
        probe.session.add(other, metainfo=None, resume=None)
    assert not refused.value.proven


def test_two_that_share_a_hash_are_told_apart_whatever_came_meanwhile(
    probe: Probe, hybrid: Hybrid, seeding: str, tmp_path: Path
) -> None:
    """The first torrent got its metadata, and with it the second's hash, before the result of its addition was read."""
    session = probe.session
    session.add(hybrid.link(hybrid.v2, tmp_path, seeding), metainfo=None, resume=None)
    native = session._session  # type: ignore[attr-defined]  # alerts must not be popped meanwhile
    eventually(lambda: any(each.torrent_file() is not None for each in native.get_torrents()), "metadata")
    session.add(hybrid.link(hybrid.v1, tmp_path), metainfo=None, resume=None)
    first, second = probe.take(TorrentAdded), probe.take(TorrentAdded)
    assert first == TorrentAdded(hybrid.v2, None)
    assert second.torrent == hybrid.v1
    assert second.problem is not None
    assert session.torrents() == {hybrid.v2}
    session.remove(hybrid.v2, delete_files=True)
    assert probe.take(TorrentGone) == TorrentGone(hybrid.v2, None)


def test_a_shortened_v2_hash_is_refused_for_its_own_addition(probe: Probe, hybrid: Hybrid, tmp_path: Path) -> None:
    """libtorrent takes it for the loaded torrent, which goes on."""
    short = hybrid.v2[:40]
    probe.session.add(hybrid.link(hybrid.v2, tmp_path), metainfo=None, resume=None)
    wrong = DesiredTorrent(
        torrent=short, source="magnet", magnet=f"magnet:?xt=urn:btih:{short}", save_path=str(tmp_path)
    )
    probe.session.add(wrong, metainfo=None, resume=None)
    assert probe.take(TorrentAdded, hybrid.v2).problem is None
    assert probe.take(TorrentAdded, short).problem is not None
    assert probe.session.torrents() == {hybrid.v2}


def test_files_that_are_spared_are_left(probe: Probe, tmp_path: Path) -> None:
    """The others are deleted, and then empty folders, with and without resume data."""
    sample = SampleTorrent("dir", {"sub/a": noise(20_000, 1), "b": noise(20_000, 2), "c": noise(20_000, 3)})
    sample.write(tmp_path)
    desired = sample.desired(tmp_path, spared=(1,), paused=True, removal="delete_files")
    add(probe, sample, desired)
    probe.session.remove(sample.torrent, delete_files=True)
    assert probe.take(TorrentGone).problem is None
    assert [path.name for path in (tmp_path / "dir").iterdir()] == ["b"]


@pytest.mark.parametrize("overwritten", [True, False])
def test_a_seed_is_verified(probe: Probe, tmp_path: Path, overwritten: bool) -> None:
    """The torrent is paused then; other code decides whether it continues."""
    sample = two_files()
    sample.write(tmp_path)
    add(probe, sample, sample.desired(tmp_path))
    probe.status(sample.torrent, lambda row: row.state is NativeState.SEEDING)
    probe.settle()
    while probe.waiting(NativeStateChanged):
        probe.take(NativeStateChanged)
    if overwritten:
        (tmp_path / "sample" / "a.bin").write_bytes(bytes(3 * sample.piece_length))
    probe.session.verify(sample.torrent)
    assert probe.take(NativeStateChanged).state is NativeState.CHECKING_FILES
    after = probe.take(NativeStateChanged).state
    assert (after is NativeState.DOWNLOADING) == overwritten
    assert probe.status(sample.torrent, lambda row: row.paused).paused


def test_a_check_ends_though_no_file_is_wanted_or_there(probe: Probe, tmp_path: Path) -> None:
    """libtorrent hashes nothing then, and its state is never `checking_files`."""
    sample = two_files()
    desired = sample.desired(tmp_path, selection=Selection(priorities={"0": 0, "1": 0}))
    add(probe, sample, desired)
    probe.status(sample.torrent, lambda row: row.state is NativeState.FINISHED)
    probe.settle()
    while probe.waiting(NativeStateChanged):
        probe.take(NativeStateChanged)
    probe.session.verify(sample.torrent)
    assert probe.take(NativeStateChanged).state is NativeState.FINISHED
