"""Pieces that a killed engine left on disk are found again, and no other pieces are claimed."""

from pathlib import Path

import pytest

from protocol.wire.reports import HealthStatus
from protocol.wire.rows import TorrentState
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.payload import MIB, Torrent
from tools.rig.seed import Seed
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]

PIECE = 256 * 1024
A, B, C = 40 * PIECE + 5000, 8 * PIECE + 7000, 60 * PIECE
"""No file ends at a piece boundary: the wanted first and last files share pieces with the unwanted one between them."""


def make(root: Path) -> Torrent:
    """Makes three files whose borders lie within pieces."""
    return payload.make(root / "seed", "set", {"a.bin": A, "b.bin": B, "c.bin": C}, piece_size=PIECE)


def fetch_in_order(daemon: Daemon, made: Torrent, seed: Seed, *, exclude: list[str]) -> None:
    """No file ends at a piece boundary: the wanted first and last files share pieces with the unwanted one."""
    daemon.client.add_torrent(metainfo=made.metainfo, peers=[seed.endpoint], sequential=True, exclude=exclude)
    saved = daemon.resume_dir / "fastresume" / f"{made.torrent}.fastresume"
    until(lambda: seed.uploaded() >= A + C // 4, "more than the first file is given")
    seed.limit(1_000_000)
    before = saved.stat().st_mtime_ns
    until(lambda: saved.stat().st_mtime_ns != before, "resume data is saved")


def test_pieces_that_unwanted_files_share_are_given_to_others_after_a_kill(root: Path, daemon: Daemon) -> None:
    """The part file's pieces are lost with the engine. If they were still claimed, they would stop the torrent."""
    made = make(root)
    with Seed(upload_bps=6_000_000, settings={"tick_interval": 100}) as seed:
        seed.add(made.metainfo, made.root)
        fetch_in_order(daemon, made, seed, exclude=["b.bin"])
        daemon.kill_engine()
        seed.limit(0)
        daemon.until_state(made.torrent, TorrentState.FINISHED)
        assert seed.uploaded() < A + C + 2 * PIECE + 8 * MIB
    assert any(found["pieces_lost"] for found in daemon.logged("pieces_found"))
    for name in ("a.bin", "c.bin"):
        assert payload.sha1(daemon.downloads / "set" / name) == payload.sha1(made.root / "set" / name)
    port = until(lambda: daemon.client.stats().session.listen_port, "the engine listens")
    given = sum(PIECE for piece in range(-(-made.size // PIECE)) if piece * PIECE < A or (piece + 1) * PIECE > A + B)
    with Seed() as leech:
        leech.add(made.metainfo, root / "leech", peer=f"127.0.0.1:{port}", seed_mode=False)
        until(lambda: leech.downloaded() >= given - PIECE, "it is given all that there is")
    row = daemon.row(made.torrent)
    assert (row.state, row.error) == (TorrentState.FINISHED, None)


@pytest.mark.parametrize("before", ["a.bin", "b.bin"])
def test_a_selection_that_changes_while_no_engine_runs_is_what_is_fetched(root: Path, before: str) -> None:
    """Pieces claimed for the part file and old priorities are dropped, and the files are complete in the end."""
    made = make(root)
    engineless = Daemon(root / "d", restart={"budget": 0})
    with Seed(upload_bps=6_000_000, settings={"tick_interval": 100}) as seed, engineless as daemon:
        seed.add(made.metainfo, made.root)
        fetch_in_order(daemon, made, seed, exclude=[before])
        daemon.kill_engine()
        until(lambda: daemon.client.health().status is HealthStatus.UNHEALTHY, "no engine runs")
        daemon.client.update_selection(made.torrent, exclude=[])
        seed.limit(0)
        assert daemon.stop() == 0
        daemon.start()
        daemon.until_state(made.torrent, TorrentState.SEEDING)
    assert payload.sha1(root / "d/downloads/set") == payload.sha1(made.root / "set")


def test_a_file_that_comes_to_be_unwanted_while_no_engine_runs_is_left_as_it_is(root: Path) -> None:
    """The other files are completed."""
    made = make(root)
    engineless = Daemon(root / "d", restart={"budget": 0})
    with Seed(upload_bps=6_000_000, settings={"tick_interval": 100}) as seed, engineless as daemon:
        seed.add(made.metainfo, made.root)
        fetch_in_order(daemon, made, seed, exclude=[])
        daemon.kill_engine()
        until(lambda: daemon.client.health().status is HealthStatus.UNHEALTHY, "no engine runs")
        daemon.client.update_selection(made.torrent, exclude=["c.bin"])
        seed.limit(0)
        assert daemon.stop() == 0
        daemon.start()
        daemon.until_state(made.torrent, TorrentState.FINISHED)
        assert seed.uploaded() < made.size - C // 4
    for name in ("a.bin", "b.bin"):
        assert payload.sha1(root / "d/downloads/set" / name) == payload.sha1(made.root / "set" / name)


def test_a_magnet_link_of_a_v2_torrent_goes_on_from_what_is_on_disk(root: Path, daemon: Daemon) -> None:
    """Its piece layers came from peers, and are only in the resume data."""
    made = payload.make(root / "seed", "one.bin", {"": 96 * MIB}, piece_size=PIECE, version="v2")
    with Seed(upload_bps=20_000_000, settings={"tick_interval": 100}) as seed:
        seed.add(made.metainfo, made.root)
        daemon.client.add_torrent(magnet=made.magnet, peers=[seed.endpoint])
        until(lambda: seed.uploaded() >= made.size // 2, "half is given")
        daemon.kill_engine()
        seed.limit(0)
        daemon.until_state(made.torrent, TorrentState.SEEDING)
        assert seed.uploaded() < made.size + 24 * MIB
    assert any(found["pieces"] for found in daemon.logged("pieces_found"))
    assert payload.sha1(daemon.downloads / "one.bin") == payload.sha1(made.root / "one.bin")
