"""What the engine's watches find, as clients see it. The engine's patience is a second in place of minutes."""

import socket
from pathlib import Path

import pytest

from protocol.wire.rows import HindranceCause, TorrentState
from tests.fakes import impatient_engine
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.hostile.raw_peer import RawPeer
from tools.rig.payload import MIB
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]

ENGINE = "tests.fakes.impatient_engine"


def reason(daemon: Daemon, component: str, subject: str) -> str:
    """The message of a problem in `health`; empty if there is no such problem."""
    found = [each for each in daemon.client.health().reasons if (each.component, each.subject) == (component, subject)]
    return found[0].message if found else ""


def test_a_link_whose_peer_is_silent_is_a_warning(root: Path) -> None:
    """With its name, in the log, and with the time in its row; until the peer is gone."""
    made = payload.make(root / "seed", "set", {"a.bin": MIB})
    with Daemon(root / "d", engine_module=ENGINE) as daemon:
        client, torrent = daemon.client, made.torrent
        client.add_torrent(magnet=made.magnet)
        daemon.until_state(torrent, TorrentState.FETCHING_METADATA)
        port = until(lambda: client.stats().session.listen_port, "it listens")
        with RawPeer(f"127.0.0.1:{port}", torrent):
            until(lambda: torrent[:8] in reason(daemon, "torrents", "stuck_metadata"), "health tells")
            until(lambda: daemon.logged("torrent_stuck"), "the log tells")
            until(
                lambda: (row := daemon.row(torrent)).hindrance and "minutes" in row.hindrance.message, "the row tells"
            )
            hindrance = daemon.row(torrent).hindrance
            assert hindrance is not None
            assert hindrance.cause is HindranceCause.NO_METADATA
        until(lambda: not reason(daemon, "torrents", "stuck_metadata"), "it is over")


def test_a_spinning_network_thread_is_a_warning(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the torrent with the most failing trackers, and ends with the load."""
    spins = root / "spins"
    monkeypatch.setenv(impatient_engine.VARIABLE, str(spins))
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    dead = [f"http://127.0.0.1:{port}/announce?{number}" for number in range(25)]
    made = payload.make(root / "seed", "set", {"a.bin": MIB})
    with Daemon(root / "d", engine_module=ENGINE, engine={"announce_to_all_trackers": True}) as daemon:
        daemon.client.add_torrent(magnet=made.magnet, trackers=dead)

        def failing() -> int:
            return sum(row.status == "error" for row in daemon.client.get_torrent(made.torrent).tracker_status)

        until(lambda: daemon.client.stats().session.network_thread_load == 0, "it rests")
        until(lambda: failing() >= 20, "its trackers fail")
        spins.touch()
        until(lambda: made.torrent[:8] in reason(daemon, "engine", "network_thread"), "health tells")
        until(lambda: (daemon.client.stats().session.network_thread_load or 0) > 0.9, "stats tell")
        until(lambda: daemon.logged("network_thread_busy"), "the log tells")
        spins.unlink()
        until(lambda: not reason(daemon, "engine", "network_thread"), "it is over")
