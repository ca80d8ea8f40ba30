"""Peers that send corrupt pieces and wrong metadata: told with the torrent, and over once good data arrives."""

import hashlib
import shutil
from pathlib import Path
from typing import Any

import pytest

from protocol.wire.rows import BadDataReport, HindranceCause, TorrentState
from tools.rig import bencode, payload
from tools.rig.daemon import Daemon
from tools.rig.hostile.metadata_peer import MetadataPeer
from tools.rig.payload import MIB, Torrent
from tools.rig.seed import Seed
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]

PIECE = 256 * 1024


def corrupt_copy(made: Torrent, where: Path) -> Path:
    """A copy of the payload in which each piece has a wrong byte. Returns its directory."""
    shutil.copytree(made.root / made.name, where / made.name)
    file = where / made.name / "a.bin"
    content = bytearray(file.read_bytes())
    for at in range(100, len(content), PIECE):
        content[at] ^= 1
    file.write_bytes(content)
    return where


def bad_data(daemon: Daemon, torrent: str) -> BadDataReport | None:
    """The torrent's failures."""
    return daemon.client.get_torrent(torrent).bad_data


def cause(daemon: Daemon, torrent: str) -> HindranceCause | None:
    """Why the torrent makes no progress."""
    hindrance = daemon.row(torrent).hindrance
    return hindrance.cause if hindrance else None


@pytest.fixture
def daemon(daemon: Daemon) -> Daemon:
    """A daemon that takes connections from one address for one peer, as by default."""
    daemon.client.update_settings({"allow_multiple_connections_per_ip": False}, wait="applied")
    return daemon


def test_a_seed_that_sends_corrupt_pieces(root: Path, daemon: Daemon) -> None:
    """It is banned and named; the next engine still bans it; a good seed ends the hindrance and not the count."""
    made = payload.make(root / "seed", "set", {"a.bin": MIB + 5})
    client, torrent = daemon.client, made.torrent
    with Seed() as bad, Seed(settings={"listen_interfaces": "127.0.0.2:0"}) as good:
        bad.add_unverified(made.metainfo, corrupt_copy(made, root / "bad"))
        good.add(made.metainfo, made.root)
        client.add_torrent(metainfo=made.metainfo, peers=[bad.endpoint])
        until(lambda: (found := bad_data(daemon, torrent)) and found.banned_peers, "a peer was banned")
        found = bad_data(daemon, torrent)
        assert found is not None
        assert (found.metadata, found.banned_peers) == (0, [bad.endpoint])
        assert found.pieces in range(1, 6)
        assert found.last_piece in range(5)
        until(lambda: cause(daemon, torrent) is HindranceCause.BAD_DATA, "the row says why")
        hindrance = daemon.row(torrent).hindrance
        assert hindrance is not None
        assert f"banned for that: {bad.endpoint}; no peer is connected" in hindrance.message

        daemon.kill_engine()
        until(daemon.healthy, "there is a next engine")
        daemon.until_state(torrent, TorrentState.DOWNLOADING)
        client.add_peers(torrent, [good.endpoint.replace("127.0.0.1", "127.0.0.2"), bad.endpoint])
        daemon.until_state(torrent, TorrentState.SEEDING)
    assert payload.sha1(daemon.downloads / "set") == payload.sha1(made.root / "set")
    assert cause(daemon, torrent) is None
    last = bad_data(daemon, torrent)
    assert last is not None
    assert last.pieces >= found.pieces
    assert last.banned_peers == [bad.endpoint]


def test_a_peer_that_sends_wrong_metadata(root: Path, daemon: Daemon) -> None:
    """It is counted. Once it is banned, a peer with the right metadata is asked, and the hindrance is over.

    Before that, libtorrent asks the first peer again and again.
    """
    made = payload.make(root / "seed", "set", {"a.bin": MIB})
    client, torrent = daemon.client, made.torrent
    decoded: Any = bencode.decode(made.metainfo)
    wrong = bencode.encode(decoded[b"info"])[:-3] + b"..."
    with MetadataPeer(wrong) as bad, Seed(settings={"listen_interfaces": "127.0.0.2:0"}) as good:
        good.add(made.metainfo, made.root)
        client.add_torrent(magnet=made.magnet, peers=[bad.endpoint])
        found = until(lambda: bad_data(daemon, torrent), "it was counted")
        assert (found.pieces, found.last_piece, found.banned_peers) == (0, None, [])
        assert found.metadata >= 1
        assert found.metadata_problem
        until(lambda: cause(daemon, torrent) is HindranceCause.BAD_DATA, "the row says why")
        assert daemon.row(torrent).error is None
        client.ban_peer(bad.endpoint, wait="applied")
        client.add_peers(torrent, [good.endpoint.replace("127.0.0.1", "127.0.0.2")])
        daemon.until_state(torrent, TorrentState.SEEDING)
    assert cause(daemon, torrent) is None


def test_metadata_that_is_right_and_invalid(daemon: Daemon) -> None:
    """An error of its own, not of a disk: also after a `resume`, and in the next engine. Removing it ends it."""
    info = bencode.encode({b"name": b"x", b"piece length": 16_384, b"length": 5})
    torrent = hashlib.sha1(info, usedforsecurity=False).hexdigest()
    client = daemon.client
    with MetadataPeer(info) as peer:
        client.add_torrent(magnet=f"magnet:?xt=urn:btih:{torrent}", peers=[peer.endpoint])
        for act in (lambda: None, lambda: client.resume(torrent), daemon.kill_engine):
            act()
            until(daemon.healthy, "an engine runs")
            row = daemon.until_state(torrent, TorrentState.ERROR)
            assert row.error
            assert "metadata" in row.error
            assert row.hindrance
            assert row.hindrance.cause is HindranceCause.ERROR
        found = until(lambda: bad_data(daemon, torrent), "it was counted")
        assert "pieces" in (found.metadata_problem or "")

        def subjects() -> list[str]:
            return [each.subject for each in client.health().reasons if each.component == "torrents"]

        until(lambda: subjects() == ["invalid_metadata"], "health tells")
        client.remove_torrent(torrent, wait="applied")
        until(lambda: not subjects(), "health forgets it")
