"""The peers of torrents, as real sessions and hostile peers at the other end show them."""

import time
from pathlib import Path

import pytest

from ouzel.cli.main import run
from protocol.wire.peer_rows import PeerConnection, PeerFlag, PeerRow
from protocol.wire.rows import TorrentState
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.hostile.raw_peer import RawPeer
from tools.rig.payload import MIB
from tools.rig.seed import Seed
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]

RATE_BPS = 4_000_000


def test_a_peer_is_listed_as_it_is(root: Path, daemon: Daemon, capsys: pytest.CaptureFixture[str]) -> None:
    """Its name and address; what was received from it is what it has sent, at its rate."""
    made = payload.make(root / "seed", "set", {"a.bin": 40 * MIB})
    client = daemon.client
    with Seed(upload_bps=RATE_BPS, settings={"user_agent": "other/1"}) as seed:
        seed.add(made.metainfo, made.root)
        client.add_torrent(metainfo=made.metainfo, peers=[seed.endpoint])

        def peer() -> PeerRow | None:
            rows = client.list_peers(made.torrent)
            return rows[0] if rows and rows[0].downloaded > 8 * MIB else None

        until(lambda: peer() is not None, "some seconds of the download")
        before = seed.uploaded()
        row = peer()
        assert row is not None
        assert before - MIB <= row.downloaded <= seed.uploaded()
        assert (row.endpoint, row.client, row.progress) == (seed.endpoint, "other/1", 1.0)
        assert (row.connection, row.uploaded, row.upload_bps) == (PeerConnection.TCP, 0, 0)
        assert {PeerFlag.SEED, PeerFlag.OUTGOING, PeerFlag.INTERESTED, PeerFlag.REMOTE_UNCHOKED} <= set(row.flags)
        until(lambda: 0.5 < client.list_peers(made.torrent)[0].download_bps / RATE_BPS < 1.5, "its rate is right")
        assert run(["--runtime-dir", str(daemon.runtime_dir), "peers", made.torrent[:8]]) == 0
        header, line = capsys.readouterr().out.splitlines()
        assert header.split()[:2] == ["ENDPOINT", "HAS"]
        assert line.split()[:2] == [seed.endpoint, "100.0%"]
        assert "other/1" in line


def test_a_downloader_is_listed_as_it_is(root: Path) -> None:
    """What was sent to it is what it has received. A paused torrent has no peers."""
    kept: dict[str, int | str | bool] = {"close_redundant_connections": False}
    with Daemon(root / "d", engine=kept) as daemon, Seed(settings={**kept, "download_rate_limit": RATE_BPS}) as other:
        made = payload.make(daemon.downloads, "set", {"a.bin": 8 * MIB})
        client = daemon.client
        client.add_torrent(metainfo=made.metainfo, seed_mode=True)
        daemon.until_state(made.torrent, TorrentState.SEEDING)
        here = f"127.0.0.1:{client.stats().session.listen_port}"
        other.add(made.metainfo, root / "other", peer=here, seed_mode=False)
        until(other.finished, "the other one has everything")
        [row] = client.list_peers(made.torrent)
        assert (row.uploaded, row.downloaded) == (other.downloaded(), 0) == (made.size, 0)
        assert PeerFlag.OUTGOING not in row.flags
        until(lambda: [each.progress for each in client.list_peers(made.torrent)] == [1.0], "it has said so")
        client.pause(made.torrent, wait="applied")
        until(lambda: client.list_peers(made.torrent) == [], "a paused torrent has no peers")


def test_hostile_names(daemon: Daemon, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are cut, and cannot control a terminal; several peers of one torrent are told apart."""
    made = payload.make(daemon.downloads, "set", {"a.bin": MIB})
    client = daemon.client
    client.add_torrent(metainfo=made.metainfo, seed_mode=True)
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    here = f"127.0.0.1:{client.stats().session.listen_port}"
    names = {"127.0.0.2": b"\x1b[2J\r\n\xe2\x80\xaeeman", "127.0.0.3": b"v" * 100_000, "127.0.0.4": b"\xff\xfe"}
    raws = [RawPeer(here, made.torrent, client=name, source=source) for source, name in names.items()]
    try:
        until(lambda: len([row for row in client.list_peers(made.torrent) if row.client]) == 3, "all are listed")
        found = {row.endpoint: row.client for row in client.list_peers(made.torrent)}
        assert found == dict(
            zip([raw.endpoint for raw in raws], ["\x1b[2J\r\n\u202eeman", "v" * 100, "__"], strict=True)
        )
        assert run(["--runtime-dir", str(daemon.runtime_dir), "peers", made.torrent]) == 0
        printed = capsys.readouterr().out
        assert len(printed.splitlines()) == 4
        assert all(each.isprintable() for each in printed.splitlines())
        assert run(["--runtime-dir", str(daemon.runtime_dir), "peers", made.torrent, "--json"]) == 0
        assert capsys.readouterr().out.strip().isprintable()
    finally:
        for raw in raws:
            with raw:
                pass


def test_the_last_answer_outlives_the_engine(root: Path) -> None:
    """With its age."""
    with Daemon(root / "d", restart={"budget": 0}) as daemon:
        made = payload.make(daemon.downloads, "set", {"a.bin": MIB})
        client = daemon.client
        client.add_torrent(metainfo=made.metainfo, seed_mode=True)
        daemon.until_state(made.torrent, TorrentState.SEEDING)
        with RawPeer(f"127.0.0.1:{client.stats().session.listen_port}", made.torrent) as raw:
            until(lambda: len(client.list_peers(made.torrent)) == 1, "it is listed")
            daemon.kill_engine()
            until(lambda: client.health().engine.pid is None, "there is no engine")
            time.sleep(0.1)
            answer = client.request("list_peers", {"torrent": made.torrent})
            assert [row["endpoint"] for row in answer["peers"]] == [raw.endpoint]
            assert answer["connected"] == 1
            assert answer["age_ms"] >= 100
