"""Resume data of another client: its progress is kept where it is sound, as a real seed measures."""

import os
import shutil
from pathlib import Path

import pytest

import ouzel
from protocol.wire.rows import TorrentState
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.migration import foreign_resume, profiles
from tools.rig.migration.foreign_resume import BLOCK
from tools.rig.migration.profiles import Held
from tools.rig.payload import MIB, Torrent
from tools.rig.seed import Seed
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]

PIECE = 256 * 1024
FILES = {"a.bin": 4 * MIB, "sub/b.bin": 2 * MIB + 17}


def made_at(root: Path, version: str = "v1") -> Torrent:
    """A torrent of 25 pieces."""
    return payload.make(root / "seed", "set", FILES, piece_size=PIECE, version=version)


def fetched(daemon: Daemon, made: Torrent, seed: Seed, resume: bytes) -> int:
    """The bytes that the seed has to send until the torrent is complete and right."""
    seed.add(made.metainfo, made.root)
    before = seed.uploaded()
    assert not daemon.client.add_torrent(metainfo=made.metainfo, resume=resume, peers=[seed.endpoint]).duplicate
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    return seed.uploaded() - before


@pytest.mark.parametrize("version", ["v1", "hybrid"])
def test_a_complete_torrent_is_not_fetched(root: Path, daemon: Daemon, seed: Seed, version: str) -> None:
    """And its other settings are not taken over. It stays complete after the loss of both processes."""
    made = made_at(root, version)
    shutil.copytree(made.root / "set", daemon.downloads / "set")
    claimed = range(100)
    resume = foreign_resume.make(made.metainfo, claimed, trackers=["http://127.0.0.1:1/a"], uploaded=12_345)
    assert fetched(daemon, made, seed, resume) == 0
    detail = daemon.client.get_torrent(made.torrent)
    assert (detail.save_path, detail.paused, detail.sequential) == (str(daemon.downloads), False, False)
    assert (detail.download_limit_bps, detail.upload_limit_bps) == (0, 0)
    assert [row.url for row in daemon.client.list_trackers(made.torrent)] == ["http://127.0.0.1:1/a"]
    until(lambda: daemon.row(made.torrent).uploaded >= 12_345, "the total is continued")
    daemon.kill_engine()
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    daemon.kill()
    daemon.start()
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    assert daemon.row(made.torrent).bytes_done == made.size


def test_only_missing_pieces_are_fetched(root: Path, daemon: Daemon, seed: Seed) -> None:
    """A piece that is on disk but not claimed is kept, as is a block of an incomplete piece. A hole is no piece."""
    made = made_at(root)
    profiles.lay_down(Held(made, daemon.downloads, {0, 1, 2, 3, 17, 24}, {5: {0}}))
    for path in FILES:
        os.utime(daemon.downloads / "set" / path, (1_000_000_000, 1_000_000_000))
    # 3 is not claimed although it is on disk, and 9 is claimed although it is not.
    resume = foreign_resume.make(made.metainfo, {0, 1, 2, 9, 17, 24}, blocks={5: [0], 6: [1]})
    last = made.size - 24 * PIECE
    assert fetched(daemon, made, seed, resume) == made.size - 5 * PIECE - last - BLOCK
    assert payload.sha1(daemon.downloads / "set") == payload.sha1(made.root / "set")


def test_it_is_durable_before_it_is_answered(root: Path, daemon: Daemon, seed: Seed) -> None:
    """Both processes are killed at once; nothing is fetched, and the files have the other client's names."""
    made = made_at(root)
    shutil.copytree(made.root / "set", daemon.downloads / "set")
    (daemon.downloads / "set/a.bin").rename(daemon.downloads / "set/a.bin.!qB")
    resume = foreign_resume.make(
        made.metainfo, range(25), renamed={foreign_resume.index_of(made.metainfo, "set/a.bin"): "set/a.bin.!qB"}
    )
    daemon.client.add_torrent(metainfo=made.metainfo, resume=resume)
    daemon.kill()
    daemon.start()
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    assert daemon.row(made.torrent).bytes_done == made.size
    paths = {file.path for file in daemon.client.list_files(torrent=made.torrent)}
    assert paths == {"set/a.bin.!qB", "set/sub/b.bin"}
    assert daemon.client.get_torrent(made.torrent).error is None


def test_what_cannot_be_used_changes_nothing(root: Path, daemon: Daemon) -> None:
    """Damaged data, another torrent's, names that lead out of the roots, and combinations that make no sense."""
    made = made_at(root)
    other = payload.make(root / "seed", "other", {"": 100_000})
    client = daemon.client
    for resume, kind in (
        (b"d3:not", ouzel.ErrorKind.INVALID_RESUME),
        (foreign_resume.make(other.metainfo, []), ouzel.ErrorKind.INVALID_RESUME),
        (foreign_resume.make(made.metainfo, [], renamed={0: "/etc/a"}), ouzel.ErrorKind.PATH_NOT_ALLOWED),
        (foreign_resume.make(made.metainfo, [], renamed={0: "../../a"}), ouzel.ErrorKind.PATH_NOT_ALLOWED),
    ):
        with pytest.raises(ouzel.Refused) as caught:
            client.add_torrent(metainfo=made.metainfo, resume=resume)
        assert caught.value.kind is kind
        assert caught.value.field == ("args.resume" if kind is ouzel.ErrorKind.INVALID_RESUME else "args.metainfo")
    sound = foreign_resume.make(made.metainfo, [])
    with pytest.raises(ouzel.Refused, match=r"args\.resume"):
        client.add_torrent(metainfo=made.metainfo, resume=sound, seed_mode=True)
    with pytest.raises(ouzel.Refused, match=r"args\.resume"):
        client.add_torrent(magnet=made.magnet, resume=sound)
    assert list(client.list_torrents()) == []
    assert not list(daemon.resume_dir.rglob("*.fastresume"))


def test_claims_on_files_that_are_gone_wait_for_them(root: Path, daemon: Daemon, seed: Seed) -> None:
    """Nothing is fetched over good pieces that may be on a disk that is not mounted."""
    made = made_at(root)
    seed.add(made.metainfo, made.root)
    resume = foreign_resume.make(made.metainfo, range(25))
    daemon.client.add_torrent(metainfo=made.metainfo, resume=resume, peers=[seed.endpoint])
    daemon.until_state(made.torrent, TorrentState.MISSING_STORAGE)
    assert seed.uploaded() == 0
    shutil.copytree(made.root / "set", daemon.downloads / "set")
    daemon.client.resume(made.torrent)
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    assert seed.uploaded() == 0
