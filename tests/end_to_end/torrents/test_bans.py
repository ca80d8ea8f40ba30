"""Banned peers, as real sessions and raw peers at the other end notice it, through the death of both processes."""

import json
import time
from pathlib import Path

import pytest

import ouzel
from ouzel.cli.main import run
from protocol.wire.rows import TorrentState
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.hostile.raw_peer import RawPeer
from tools.rig.payload import MIB
from tools.rig.seed import Seed
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]

THERE = "127.0.0.2"


def address_of(daemon: Daemon) -> str:
    """Where the engine listens now."""
    until(lambda: daemon.client.stats().session.listen_port > 0, "it listens")
    return f"127.0.0.1:{daemon.client.stats().session.listen_port}"


def test_a_banned_seed_gives_nothing_more(root: Path, daemon: Daemon) -> None:
    """It is disconnected, and does not come back: neither as the torrent's own peer, nor to another engine."""
    made = payload.make(root / "seed", "set", {"a.bin": 40 * MIB})
    # It does not connect to the daemon, which would be from another address than the one that it listens on.
    settings: dict[str, int | str | bool] = {"listen_interfaces": f"{THERE}:0", "enable_outgoing_tcp": False}
    with Seed(upload_bps=4_000_000, settings=settings) as seed:
        there = seed.endpoint.replace("127.0.0.1", THERE)
        seed.add(made.metainfo, made.root)
        daemon.client.add_torrent(metainfo=made.metainfo, peers=[there])
        until(lambda: seed.uploaded() > MIB, "it gives")
        assert daemon.client.ban_peer(there, wait="applied").address == THERE
        until(lambda: daemon.client.list_peers(made.torrent) == [], "it is disconnected")
        given = seed.uploaded()

        def refuses() -> None:
            for _ in range(3):
                daemon.client.add_peers(made.torrent, [there])
                time.sleep(0.3)
                assert seed.uploaded() == given
            assert daemon.client.list_peers(made.torrent) == []
            with RawPeer(address_of(daemon), made.torrent, source=THERE) as banned:
                assert banned.refused()
            with RawPeer(address_of(daemon), made.torrent, source="127.0.0.3") as other:
                assert not other.refused(0.3)

        refuses()
        daemon.kill_engine()
        until(daemon.healthy, "there is a next engine")
        daemon.until_state(made.torrent, TorrentState.DOWNLOADING)
        refuses()
        daemon.kill()
        daemon.start()
        daemon.until_state(made.torrent, TorrentState.DOWNLOADING)
        assert daemon.client.list_bans() == [THERE]
        refuses()
        assert daemon.client.unban_peer(THERE, wait="applied").address == THERE
        daemon.client.add_peers(made.torrent, [there])
        until(lambda: seed.uploaded() > given, "it gives again")


def test_bans_on_the_command_line(daemon: Daemon, capsys: pytest.CaptureFixture[str]) -> None:
    """Several at once; a bad one is refused by name."""

    def ouzel_says(*argv: str) -> tuple[int, str, str]:
        code = run(["--runtime-dir", str(daemon.runtime_dir), *argv])
        return (code, *capsys.readouterr())

    banned = "banned: 192.0.2.7\nbanned: 2001:db8::7\n"
    assert ouzel_says("ban", "192.0.2.7:6881", "[2001:db8::7]:1") == (0, banned, "")
    assert ouzel_says("ban")[:2] == (0, "192.0.2.7\n2001:db8::7\n")
    assert ouzel_says("unban", "192.0.2.7")[:2] == (0, "not banned: 192.0.2.7\n")
    code, out, _ = ouzel_says("ban", "--json")
    assert (code, json.loads(out)) == (0, {"addresses": ["2001:db8::7"]})
    code, out, err = ouzel_says("ban", "nobody")
    assert (code, out) == (1, "")
    assert "args.peer: 'nobody' is neither an IP address nor address:port" in err
    with pytest.raises(ouzel.Refused) as refused:
        daemon.client.unban_peer("")
    assert refused.value.body.field == "args.peer"
    assert daemon.client.list_bans() == ["2001:db8::7"]
