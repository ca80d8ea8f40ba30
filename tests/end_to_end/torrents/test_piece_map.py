"""The map of pieces, compared with the bytes on disk and with what peers have."""

import hashlib
import json
from pathlib import Path

import pytest

import ouzel
from ouzel.cli.main import run
from protocol.wire.rows import TorrentState
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.payload import MIB, Torrent
from tools.rig.seed import Seed
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]

PIECE = 256 * 1024


def bits(have: bytes) -> str:
    """The bitfield as digits."""
    return f"{int.from_bytes(have):0{8 * len(have)}b}"


def complete_on_disk(path: Path, original: Path) -> str:
    """Which pieces of a file are right, as digits."""
    with path.open("rb") as file, original.open("rb") as right:
        pieces = []
        while wanted := right.read(PIECE):
            pieces.append("1" if hashlib.sha1(file.read(PIECE)).digest() == hashlib.sha1(wanted).digest() else "0")
    return "".join(pieces)


def half_done(daemon: Daemon, made: Torrent) -> ouzel.PieceReport:
    """The map once some pieces are complete."""
    until(lambda: daemon.client.get_torrent(made.torrent).bytes_done > 2 * MIB, "some pieces are complete")
    return daemon.client.piece_map(made.torrent)


def test_bits_are_pieces_on_disk(root: Path, daemon: Daemon, capsys: pytest.CaptureFixture[str]) -> None:
    """The same after the engine was killed; what the seed has is available once."""
    made = payload.make(root / "seed", "set", {"a.bin": 30 * MIB + 5})
    client, here = daemon.client, daemon.downloads / "set/a.bin"
    with Seed(upload_bps=4_000_000) as seed:
        seed.add(made.metainfo, made.root)
        client.add_torrent(metainfo=made.metainfo, peers=[seed.endpoint])
        report = half_done(daemon, made)
        assert (report.pieces, len(report.have)) == (121, 16)
        assert report.availability == b"\1" * 121
        client.pause(made.torrent, wait="applied")
        daemon.until_state(made.torrent, TorrentState.PAUSED)

    def mapped() -> str:
        return bits(client.piece_map(made.torrent).have)

    until(lambda: mapped() == complete_on_disk(here, made.root / "set/a.bin").ljust(128, "0"), "bits are right pieces")
    assert mapped().count("1") * PIECE >= 2 * MIB
    until(lambda: client.piece_map(made.torrent).availability == bytes(121), "no peer is there any more")
    before = mapped()
    daemon.kill_engine()
    assert mapped() == before
    until(daemon.healthy, "there is a next engine")
    daemon.until_state(made.torrent, TorrentState.PAUSED)
    until(lambda: client.piece_map(made.torrent).age_ms < 1000, "the next engine has answered")
    assert mapped() == before
    assert run(["--runtime-dir", str(daemon.runtime_dir), "pieces", made.torrent[:8]]) == 0
    head, *drawn, _ = capsys.readouterr().out.splitlines()
    assert head.startswith(f"121 pieces, {before.count('1')} complete")
    assert "".join(drawn) == before[:121].replace("1", "#").replace("0", "!")
    assert run(["--runtime-dir", str(daemon.runtime_dir), "pieces", made.torrent[:8], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pieces"] == 121


def test_what_has_no_map(root: Path, daemon: Daemon) -> None:
    """A link without metadata. A complete torrent has all bits, and no availability."""
    made = payload.make(daemon.downloads, "set", {"a.bin": MIB})
    with pytest.raises(ouzel.Refused) as refused:
        daemon.client.piece_map(made.torrent)
    assert refused.value.body.name == "unknown_torrent"
    daemon.client.add_torrent(metainfo=made.metainfo, seed_mode=True)
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    report = daemon.client.piece_map(made.torrent)
    assert (report.pieces, report.have, report.availability) == (4, b"\xf0", b"")
    other = payload.make(root / "other", "other", {"a.bin": MIB})
    daemon.client.add_torrent(magnet=other.magnet)
    with pytest.raises(ouzel.Refused) as refused:
        daemon.client.piece_map(other.torrent)
    assert refused.value.body.name == "no_metadata"


def test_without_an_engine_there_is_no_first_map(root: Path) -> None:
    """An error that says so, and that it may be tried again."""
    with Daemon(root / "d", restart={"budget": 0}) as daemon:
        made = payload.make(daemon.downloads, "set", {"a.bin": MIB})
        daemon.client.add_torrent(metainfo=made.metainfo, seed_mode=True)
        daemon.until_state(made.torrent, TorrentState.SEEDING)
        daemon.kill_engine()
        until(lambda: daemon.client.health().engine.pid is None, "there is no engine")
        with pytest.raises(ouzel.Refused) as refused:
            daemon.client.piece_map(made.torrent)
        assert (refused.value.body.name, refused.value.body.retry) == ("engine_unavailable", "later")
