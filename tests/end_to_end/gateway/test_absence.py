"""The gateway beside a daemon that is stopped, killed and started again."""

import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tools.bench.gateway.clients import QbittorrentClient, TransmissionClient
from tools.rig.daemon import Daemon
from tools.rig.gateway import GatewayProcess
from tools.rig.samples import SampleTorrent, noise
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network, pytest.mark.shared]

NOTICED_S = 10.0
"""The longest time until the gateway shows that the daemon does not answer: four seconds on an idle machine."""


class Place:
    """A daemon with one torrent, and a client of each interface."""

    def __init__(self, daemon: Daemon, port: int, made: SampleTorrent) -> None:
        self.daemon = daemon
        self.made = made
        self.qbittorrent = QbittorrentClient(port)
        self.transmission = TransmissionClient(port)

    def listed(self) -> set[str]:
        """The torrents in both interfaces, which are equal."""
        found = self.shown()
        reply = json.loads(self.transmission.call("torrent-get", fields=["hashString"]).body)
        assert {row["hashString"] for row in reply["arguments"]["torrents"]} == found
        return found

    def shown(self) -> set[str]:
        """The torrents in the qBittorrent API."""
        return {row["hash"] for row in json.loads(self.qbittorrent.get("torrents/info").body)}

    def connected(self) -> bool:
        """Whether the gateway shows that the daemon answers."""
        found: dict[str, Any] = json.loads(self.qbittorrent.get("sync/maindata").body)
        return bool(found["server_state"]["connection_status"] != "disconnected")

    def until_noticed(self) -> float:
        """Waits until the gateway shows that the daemon is away. Returns the seconds."""
        began_s = time.monotonic()
        until(lambda: not self.connected(), "the gateway notices")
        return time.monotonic() - began_s


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """A daemon, a gateway and one complete torrent."""
    root = Path(tempfile.mkdtemp(prefix="ouzel-"))
    made = SampleTorrent("one", {"": noise(100)}, single=True)
    try:
        with Daemon(root / "d") as daemon, GatewayProcess(root / "d") as gateway:
            made.write(daemon.downloads)
            daemon.client.add_torrent(metainfo=made.metainfo)
            found = Place(daemon, gateway.port, made)
            found.qbittorrent.login()
            until(lambda: found.qbittorrent.get("torrents/info").status == 200, "the torrents are known")
            until(lambda: found.shown() == {made.torrent}, "the torrent is there")
            until(found.connected, "it listens")
            yield found
            found.qbittorrent.close()
            found.transmission.close()
    finally:
        shutil.rmtree(root)


def test_a_daemon_that_is_stopped(place: Place) -> None:
    """It counts as away. Lists stay. After it continues, adds succeed again."""
    before = place.listed()
    os.kill(place.daemon.pid, signal.SIGSTOP)
    try:
        took_s = place.until_noticed()
        assert place.listed() == before
    finally:
        os.kill(place.daemon.pid, signal.SIGCONT)
    assert took_s < NOTICED_S
    until(place.connected, "the gateway hears it again")


def test_a_daemon_that_is_killed(place: Place) -> None:
    """Lists stay. An add is refused with 503 and Retry-After. After a restart, all is as before."""
    before = place.listed()
    place.daemon.kill()
    assert place.until_noticed() < NOTICED_S
    assert place.listed() == before
    new = SampleTorrent("two", {"": noise(100, 2)}, single=True)
    for refused in (place.qbittorrent.add(new.metainfo), place.transmission.add(new.metainfo)):
        assert (refused.status, bool(refused.retry_after)) == (503, True)
    place.daemon.start()
    until(place.connected, "the gateway hears it again")
    assert place.listed() == before
    assert place.qbittorrent.add(new.metainfo).body == b"Ok."
    assert place.listed() == {*before, new.torrent}


def test_another_state(place: Place) -> None:
    """A daemon that starts with another state directory replaces all."""
    place.daemon.stop()
    shutil.rmtree(place.daemon.resume_dir)
    place.daemon.start()
    until(lambda: place.shown() == set(), "the torrents are gone")
    assert place.qbittorrent.add(place.made.metainfo).body == b"Ok."
    assert place.listed() == {place.made.torrent}
