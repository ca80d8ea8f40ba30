"""Real small file systems that fill up, are unmounted, or come back empty: no good piece is lost or invented."""

import hashlib
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import libtorrent
import pytest

from protocol.durable.integrity import unseal
from protocol.wire.rows import TorrentState
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.mounts import Mount, loop_ext4, tmpfs
from tools.rig.payload import MIB, Torrent
from tools.rig.seed import Seed
from tools.rig.waiting import until
from tools.rig.watcher import Watcher

pytestmark = [pytest.mark.process, pytest.mark.network, pytest.mark.mounts]
lt: Any = libtorrent
PIECE: Final = 256 * 1024


@pytest.fixture
def disk(daemon: Daemon) -> Iterator[Mount]:
    """A file system of 64 MiB below the download root; its content is kept while it is unmounted."""
    with tmpfs(daemon.downloads / "disk", 64 * MIB) as mounted:
        yield mounted


@pytest.fixture
def events(daemon: Daemon) -> Iterator[Watcher]:
    """All lifecycle events since the daemon started."""
    with Watcher(daemon.runtime_dir) as watcher:
        yield watcher


def add(daemon: Daemon, seed: Seed, made: Torrent, save_path: Path, **options: Any) -> None:
    """The seed shares a torrent, and the daemon downloads it."""
    seed.add(made.metainfo, made.root)
    added = daemon.client.add_torrent(
        metainfo=made.metainfo, peers=[seed.endpoint], save_path=str(save_path), **options
    )
    assert added.torrent == made.torrent


def claims(daemon: Daemon, made: Torrent) -> list[int]:
    """The pieces that the stored resume data claims."""
    params = lt.read_resume_data(unseal((daemon.resume_dir / "fastresume" / f"{made.torrent}.fastresume").read_bytes()))
    return [piece for piece, there in enumerate(params.have_pieces[: -(-made.size // PIECE)]) if there]


def _claims_so_far(daemon: Daemon, made: Torrent) -> list[int]:
    try:
        return claims(daemon, made)
    except FileNotFoundError:
        return []


def false_claims(daemon: Daemon, made: Torrent, stored: Path) -> list[int]:
    """The claimed pieces that are not on disk, for single-file torrents; the file may be missing."""
    info = lt.load_torrent_buffer(made.metainfo).ti
    content = stored.read_bytes() if stored.exists() else b""
    return [
        piece
        for piece in _claims_so_far(daemon, made)
        if hashlib.sha1(content[piece * PIECE : (piece + 1) * PIECE]).digest() != info.hash_for_piece(piece)
    ]


def same(made: Torrent, save_path: Path) -> bool:
    """Whether the whole content is there, by SHA-1."""
    return payload.sha1(save_path / made.name) == payload.sha1(made.root / made.name)


def told(events: Watcher, name: str) -> list[str]:
    """The messages of the session errors with this name."""
    return [
        event.data["message"]
        for event in events.so_far()
        if event.type == "session_error" and event.data["name"] == name
    ]


def reasons(daemon: Daemon) -> list[str]:
    """The mount points in the reasons of health."""
    return [reason.subject for reason in daemon.client.health().reasons if reason.component == "storage"]


def trouble(daemon: Daemon, made: Torrent) -> str:
    """Waits for the error in the torrent's row, and returns it."""
    return until(lambda: daemon.row(made.torrent).error, "the row says what is wrong")


def states(events: Watcher, torrent: str) -> list[str]:
    """All states that a torrent had."""
    return [
        event.data["state"] for event in events.so_far() if event.type == "state_changed" and event.torrent == torrent
    ]


def fill(disk: Mount, size: int) -> Path:
    """A file that uses up space."""
    filler = disk.path / "filler"
    filler.write_bytes(bytes(size))
    return filler


# -- full -------------------------------------------------------------------------------------------------------------


def test_a_full_disk_holds_its_downloads_and_lets_them_go_on_when_there_is_room(
    root: Path, daemon: Daemon, events: Watcher, seed: Seed, disk: Mount
) -> None:
    """There is one event and one reason.

    Seeds there and torrents elsewhere go on, and commands of clients do not end it.
    """
    seeding = payload.make(root / "seed", "seeding.bin", {"": MIB}, piece_size=PIECE)
    add(daemon, seed, seeding, disk.path)
    daemon.until_state(seeding.torrent, TorrentState.SEEDING)
    filler = fill(disk, 43 * MIB)
    large = [payload.make(root / "seed", f"{name}.bin", {"": 16 * MIB}, piece_size=PIECE) for name in "abc"]
    other = payload.make(root / "seed", "other.bin", {"": 16 * MIB}, piece_size=PIECE)
    for made in large:
        add(daemon, seed, made, disk.path)
    add(daemon, seed, other, daemon.downloads)
    for made in large:
        assert "no space left" in trouble(daemon, made)
        assert not daemon.until_state(made.torrent, TorrentState.PAUSED).paused
    until(lambda: reasons(daemon) == [str(disk.path)], "health names the mount point")
    daemon.until_state(other.torrent, TorrentState.SEEDING)
    assert same(other, daemon.downloads)
    assert daemon.row(other.torrent).error is None
    assert daemon.row(seeding.torrent).state is TorrentState.SEEDING
    [message] = told(events, "disk_full")
    assert str(disk.path) in message
    assert "torrents that wait: 3" in message
    daemon.client.pause(large[0].torrent, wait="applied")
    daemon.client.resume(large[0].torrent, wait="applied")
    daemon.client.pause(large[1].torrent, wait="applied")
    assert [daemon.row(made.torrent).state for made in large] == [TorrentState.PAUSED] * 3
    for made in large:
        assert false_claims(daemon, made, disk.path / made.name) == []
    filler.unlink()
    for made in (large[0], large[2]):
        daemon.until_state(made.torrent, TorrentState.SEEDING)
        assert same(made, disk.path)
    assert daemon.row(large[1].torrent).state is TorrentState.PAUSED
    until(lambda: daemon.row(large[1].torrent).error is None, "its text is gone, too")
    until(daemon.healthy, "the daemon is healthy")
    daemon.client.resume(large[1].torrent)
    daemon.until_state(large[1].torrent, TorrentState.SEEDING)
    assert same(large[1], disk.path)
    assert len(told(events, "disk_full")) == 1


@pytest.mark.parametrize("victim", ["engine", "supervisor"])
def test_a_death_while_the_disk_is_full_makes_nothing_up(
    root: Path, daemon: Daemon, seed: Seed, disk: Mount, victim: str
) -> None:
    """The next engine holds the torrents, too, and their content is right in the end."""
    filler = fill(disk, 44 * MIB)
    made = [payload.make(root / "seed", f"{name}.bin", {"": 24 * MIB}, piece_size=PIECE) for name in "ab"]
    for each in made:
        add(daemon, seed, each, disk.path)
    until(lambda: reasons(daemon), "the disk is full")
    if victim == "engine":
        daemon.kill_engine()
    else:
        daemon.kill()
        daemon.start()
    until(lambda: daemon.client.health().status.value != "starting" and reasons(daemon), "it is full again")
    for each in made:
        daemon.until_state(each.torrent, TorrentState.PAUSED)
        assert false_claims(daemon, each, disk.path / each.name) == []
    filler.unlink()
    for each in made:
        daemon.until_state(each.torrent, TorrentState.SEEDING)
        assert same(each, disk.path)
    until(daemon.healthy, "the daemon is healthy")


def test_a_disk_that_fills_up_with_the_last_pieces_completes_nothing(
    root: Path, daemon: Daemon, events: Watcher, seed: Seed, disk: Mount
) -> None:
    """libtorrent considers such a torrent complete for good. Ouzel holds it, and downloads what was not written."""
    made = payload.make(root / "seed", "one.bin", {"": 16 * MIB}, piece_size=PIECE)
    filler = fill(disk, 48 * MIB + 3 * PIECE)
    add(daemon, seed, made, disk.path)
    daemon.until_state(made.torrent, TorrentState.PAUSED)
    until(lambda: reasons(daemon), "the disk is full")
    assert not any(event.type == "completed" for event in events.so_far())
    assert false_claims(daemon, made, disk.path / made.name) == []
    filler.unlink()
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    events.wait(lambda event: event.type == "completed", "the torrent is complete")
    assert same(made, disk.path)
    until(lambda: len(claims(daemon, made)) == 64, "all of it is claimed")
    assert false_claims(daemon, made, disk.path / made.name) == []


def test_a_read_only_disk_is_the_torrents_own_error_and_resume_tries_again(
    root: Path, daemon: Daemon, seed: Seed, disk: Mount
) -> None:
    """The row has the system's message, and other torrents go on."""
    made = payload.make(root / "seed", "one.bin", {"": 4 * MIB}, piece_size=PIECE)
    with disk.read_only():
        add(daemon, seed, made, disk.path)
        row = daemon.until_state(made.torrent, TorrentState.ERROR)
        # What could not be written cannot be read either, and libtorrent may stop for that first.
        assert any(text in (row.error or "") for text in ("Read-only file system", "No such file"))
        daemon.client.resume(made.torrent)
        daemon.until_state(made.torrent, TorrentState.ERROR)
        until(lambda: daemon.row(made.torrent).error, "the error is told again")
    daemon.client.resume(made.torrent)
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    assert same(made, disk.path)


# -- gone -------------------------------------------------------------------------------------------------------------


def two_on(root: Path, daemon: Daemon, slow_seed: Seed, path: Path) -> tuple[Torrent, Torrent]:
    """A torrent that seeds there, and one of which a third is there."""
    whole = payload.make(root / "seed", "whole", {"a.bin": 3 * MIB, "b/c.bin": 2 * MIB}, piece_size=PIECE)
    add(daemon, slow_seed, whole, path)
    daemon.until_state(whole.torrent, TorrentState.SEEDING)
    part = payload.make(root / "seed", "part.bin", {"": 40 * MIB}, piece_size=PIECE)
    add(daemon, slow_seed, part, path, download_bps=6_000_000)
    until(lambda: daemon.row(part.torrent).progress > 0.3 and len(_claims_so_far(daemon, part)) > 8, "a third is there")
    daemon.client.update_limits(part.torrent, download_bps=500_000)
    return whole, part


def gone(daemon: Daemon, *torrents: Torrent) -> None:
    """Waits until both are missing their storage and report it."""
    for made in torrents:
        row = daemon.until_state(made.torrent, TorrentState.MISSING_STORAGE)
        assert trouble(daemon, made)
        assert (row.download_bps, row.peers) == (0, 0)


def back(daemon: Daemon, save_path: Path, *torrents: Torrent) -> None:
    """Waits until both are there and complete."""
    for made in torrents:
        daemon.client.update_limits(made.torrent, download_bps=0)
        row = daemon.until_state(made.torrent, TorrentState.SEEDING)
        assert row.error is None
        assert same(made, save_path)
    until(daemon.healthy, "the daemon is healthy")


@pytest.mark.parametrize("kind", [tmpfs, loop_ext4])
def test_a_disk_that_is_taken_away_takes_its_torrents_with_it_and_brings_them_back(
    root: Path, daemon: Daemon, events: Watcher, slow_seed: Seed, kind: Callable[..., Any]
) -> None:
    """Nothing is written below the mount point, no torrent is lost, and no verified piece is hashed again."""
    with kind(daemon.downloads / "disk", 64 * MIB) as disk:
        whole, part = two_on(root, daemon, slow_seed, disk.path)
        before = len(claims(daemon, part))
        fetched = slow_seed.uploaded()
        with disk.absent():
            gone(daemon, whole, part)
            assert reasons(daemon) == [str(disk.path)]
            [message] = told(events, "storage_missing")
            assert "torrents that wait: 2" in message
            assert "is not mounted" in message
            assert daemon.row(whole.torrent).progress == 1.0
            assert list(disk.path.iterdir()) == []
            assert len(claims(daemon, whole)) == 20
            assert len(claims(daemon, part)) >= before
        back(daemon, disk.path, whole, part)
        assert states(events, whole.torrent)[-2:] == ["missing_storage", "seeding"]
        assert slow_seed.uploaded() - fetched < part.size - before * PIECE + 8 * MIB
        assert len(told(events, "storage_missing")) == 1


def test_a_daemon_that_starts_without_the_disk_waits_for_it(
    root: Path, daemon: Daemon, slow_seed: Seed, disk: Mount
) -> None:
    """An engine's death meanwhile changes nothing. A torrent without any files waits, too."""
    whole, part = two_on(root, daemon, slow_seed, disk.path)
    fresh = payload.make(root / "seed", "fresh.bin", {"": MIB}, piece_size=PIECE)
    add(daemon, slow_seed, fresh, disk.path, paused=True)
    assert daemon.stop() == 0
    with disk.absent():
        daemon.start()
        gone(daemon, whole, part, fresh)
        assert daemon.row(whole.torrent).progress == 1.0
        assert 0.2 < daemon.row(part.torrent).progress < 1.0
        daemon.kill_engine()
        until(lambda: daemon.client.health().engine.restarts > 0, "another engine")
        daemon.client.resume(fresh.torrent, wait="applied")
        gone(daemon, whole, part, fresh)
        assert list(disk.path.iterdir()) == []
    back(daemon, disk.path, whole, part, fresh)


def test_an_empty_disk_in_its_place_is_not_written_to(root: Path, daemon: Daemon, slow_seed: Seed, disk: Mount) -> None:
    """Neither while the daemon runs, nor by a daemon that is started later."""
    whole, part = two_on(root, daemon, slow_seed, disk.path)
    disk.detach()
    try:
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", disk.path], check=True)
        try:
            gone(daemon, whole, part)
            daemon.kill()
            daemon.start()
            gone(daemon, whole, part)
            assert list(disk.path.iterdir()) == []
        finally:
            subprocess.run(["umount", "-l", disk.path], check=True)
    finally:
        disk.attach()
    back(daemon, disk.path, whole, part)


def test_an_idle_seed_does_not_keep_its_disk_busy(root: Path, daemon: Daemon, seed: Seed) -> None:
    """A plain umount works, also with a paused download on the disk."""
    with loop_ext4(daemon.downloads / "disk", 64 * MIB) as disk:
        made = payload.make(root / "seed", "one.bin", {"": MIB}, piece_size=PIECE)
        add(daemon, seed, made, disk.path)
        daemon.until_state(made.torrent, TorrentState.SEEDING)
        paused = payload.make(root / "seed", "two.bin", {"": MIB}, piece_size=PIECE)
        add(daemon, seed, paused, disk.path, paused=True)
        until(lambda: _umount(disk.path), "it can be unmounted")
        try:
            gone(daemon, made, paused)
        finally:
            disk.attach()
        daemon.until_state(made.torrent, TorrentState.SEEDING)
        daemon.until_state(paused.torrent, TorrentState.PAUSED)


def _umount(path: Path) -> bool:
    return subprocess.run(["umount", path], capture_output=True).returncode == 0


@pytest.mark.parametrize("delete_files", [False, True])
def test_a_torrent_that_misses_its_storage_can_be_removed(
    root: Path, daemon: Daemon, events: Watcher, seed: Seed, disk: Mount, delete_files: bool
) -> None:
    """Files that cannot be reached are reported as left over, and the id can be used again."""
    made = payload.make(root / "seed", "one.bin", {"": MIB}, piece_size=PIECE)
    add(daemon, seed, made, disk.path)
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    with disk.absent():
        gone(daemon, made)
        daemon.client.remove_torrent(made.torrent, delete_files=delete_files, wait="applied")
        until(lambda: not list(daemon.resume_dir.glob(f"{made.torrent}*")), "the record is gone")
        until(lambda: reasons(daemon) == [], "nobody waits for the disk")
    assert same(made, disk.path)
    assert len(told(events, "files_not_deleted")) == int(delete_files)
    assert not daemon.client.add_torrent(metainfo=made.metainfo, save_path=str(disk.path)).duplicate


# -- files without a mount --------------------------------------------------------------------------------------------


def test_removed_files_are_waited_for_and_not_fetched_again(
    root: Path, daemon: Daemon, events: Watcher, slow_seed: Seed
) -> None:
    """If all files are gone, the storage is missing, which is detected when a peer requests a piece.

    Once back, they are seeded again.
    """
    made = payload.make(root / "seed", "many", {"a.bin": 2 * MIB, "b.bin": 2 * MIB}, piece_size=PIECE)
    add(daemon, slow_seed, made, daemon.downloads)
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    fetched = slow_seed.uploaded()
    (daemon.downloads / "many").rename(root / "elsewhere")
    with Seed() as reader:
        port = daemon.client.stats().session.listen_port
        reader.add(made.metainfo, root / "reader", peer=f"127.0.0.1:{port}", seed_mode=False)
        gone(daemon, made)
    assert not (daemon.downloads / "many").exists()
    daemon.kill_engine()
    gone(daemon, made)
    shutil.move(root / "elsewhere", daemon.downloads / "many")
    back(daemon, daemon.downloads, made)
    assert slow_seed.uploaded() == fetched


@pytest.mark.parametrize("left", [0, 1 * MIB + 5])
def test_one_lost_file_is_fetched_again_and_the_others_stay(
    root: Path, daemon: Daemon, slow_seed: Seed, left: int
) -> None:
    """The file was deleted or truncated, of a complete torrent and of an unfinished one."""
    made = payload.make(
        root / "seed", "many", {"a.bin": 8 * MIB, "b.bin": 8 * MIB, "c.bin": 24 * MIB}, piece_size=PIECE
    )
    add(daemon, slow_seed, made, daemon.downloads, exclude=["c.bin"])
    daemon.until_state(made.torrent, TorrentState.FINISHED)
    assert daemon.stop() == 0
    _cut(daemon.downloads / "many" / "b.bin", left)
    fetched = slow_seed.uploaded()
    daemon.start()
    until(lambda: slow_seed.uploaded() > fetched, "something is fetched")
    daemon.until_state(made.torrent, TorrentState.FINISHED)
    assert 8 * MIB - left <= slow_seed.uploaded() - fetched < 9 * MIB
    daemon.client.update_selection(made.torrent, exclude=[])
    until(lambda: daemon.row(made.torrent).bytes_done > 20 * MIB, "some of the third is there")
    assert daemon.stop() == 0
    _cut(daemon.downloads / "many" / "b.bin", left)
    daemon.start()
    back(daemon, daemon.downloads, made)
    assert slow_seed.uploaded() < made.size + 2 * 8 * MIB + 12 * MIB


def _cut(file: Path, size: int) -> None:
    if size:
        with file.open("r+b") as stream:
            stream.truncate(size)
    else:
        file.unlink()
