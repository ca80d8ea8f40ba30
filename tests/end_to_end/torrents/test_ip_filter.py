"""The IP filter from a file, as peers at filtered addresses notice it."""

import re
import socket
from pathlib import Path

import pytest

from protocol.wire.rows import TorrentState
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.hostile.raw_peer import RawPeer
from tools.rig.payload import MIB
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]

HOSTS = range(2, 6)


def listening(daemon: Daemon) -> int:
    """The port that the engine listens on; 0 if the last one to report has ended."""
    port = daemon.client.stats().session.listen_port
    with socket.socket() as probe:
        return port if probe.connect_ex(("127.0.0.1", port)) == 0 else 0


def admitted(daemon: Daemon, torrent: str) -> set[int]:
    """Which of the peers at 127.0.0.2 to 127.0.0.5 may connect."""
    port = until(lambda: listening(daemon), "the engine listens")
    found = set()
    for host in HOSTS:
        with RawPeer(f"127.0.0.1:{port}", torrent, source=f"127.0.0.{host}") as peer:
            if not peer.refused(0.2):
                found.add(host)
    return found


def until_admitted(daemon: Daemon, torrent: str, hosts: set[int]) -> None:
    """Waits until these peers may connect. Meanwhile, no other peer may."""

    def are_admitted() -> bool:
        found = admitted(daemon, torrent)
        assert found <= hosts
        return found == hosts

    until(are_admitted, f"{hosts} are admitted")


def rules(daemon: Daemon) -> int | None:
    """The number of rules in force."""
    found = daemon.client.stats().ip_filter
    return None if found is None else found.rules


def test_filtered_peers_are_refused(root: Path) -> None:
    """With those that are banned; after restarts of both processes; and by another file's rules once it changes."""
    file = root / "list.p2p"
    file.write_text("Some:127.0.0.2-127.0.0.3\nthis is no rule\n")
    with Daemon(root / "d", ip_filter=file) as daemon:
        until(lambda: rules(daemon) == 1, "the filter is in force")
        [reason] = daemon.client.health().reasons
        assert (reason.component, reason.subject, reason.severity) == ("ip_filter", "lines", "warning")
        assert "line 2: 'this is no rule'" in reason.message
        made = payload.make(daemon.downloads, "set", {"a.bin": MIB})
        daemon.client.add_torrent(metainfo=made.metainfo, seed_mode=True, wait="applied")
        until_admitted(daemon, made.torrent, {4, 5})
        for address in ("127.0.0.3", "127.0.0.4"):
            daemon.client.ban_peer(address, wait="applied")
        until_admitted(daemon, made.torrent, {5})
        for address in ("127.0.0.3", "127.0.0.4"):
            daemon.client.unban_peer(address, wait="applied")
        until_admitted(daemon, made.torrent, {4, 5})
        daemon.client.ban_peer("127.0.0.4", wait="applied")
        daemon.kill_engine()
        until(lambda: daemon.client.health().engine.gen == 2 and rules(daemon) == 1, "there is a next engine")
        daemon.until_state(made.torrent, TorrentState.SEEDING)
        until_admitted(daemon, made.torrent, {5})
        file.write_text("127.0.0.5/32\n127.0.0.64/26\n")
        until(lambda: rules(daemon) == 2, "the changed file is in force")
        until_admitted(daemon, made.torrent, {2, 3})
        assert daemon.client.health().reasons == []
        file.unlink()
        [reason] = until(lambda: daemon.client.health().reasons, "the file is missed")
        assert (reason.subject, reason.severity) == ("file", "error")
        until_admitted(daemon, made.torrent, {2, 3})
        file.write_text("127.0.0.2\n")
        daemon.close()
        daemon.start()
        daemon.until_state(made.torrent, TorrentState.SEEDING)
        until_admitted(daemon, made.torrent, {3, 5})
        daemon.config.write_text(re.sub(r"(?m)^file = .*$", "", daemon.config.read_text()))
        until(lambda: rules(daemon) is None, "there is no filter any more")
        until_admitted(daemon, made.torrent, {2, 3, 5})
