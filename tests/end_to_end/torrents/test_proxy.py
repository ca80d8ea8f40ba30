"""A SOCKS5 proxy with user and password: each side is asked where connections and packets come from."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil
import pytest

from protocol.wire.desired import SettingValue
from protocol.wire.peer_rows import TrackerStatus
from protocol.wire.rows import HindranceCause, TorrentState
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.payload import MIB
from tools.rig.samples import SampleTorrent, noise
from tools.rig.seed import Seed
from tools.rig.servers.socks import OUTSIDE, SocksProxy
from tools.rig.tracker import Tracker
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]

USER, PASSWORD = "ouzel", "s3cr3t"
SOCKS5_WITH_PASSWORD: Final = 3
"""The value of `proxy_type`."""


@pytest.fixture
def tracker() -> Iterator[Tracker]:
    """A tracker that notes where announces come from."""
    with Tracker() as running:
        yield running


@pytest.fixture
def proxy() -> Iterator[SocksProxy]:
    """A proxy, whose connections come from another address than others."""
    with SocksProxy(USER, PASSWORD) as running:
        yield running


def remote_ports(daemon: Daemon) -> set[int]:
    """The ports that the engine is connected to."""
    connections = psutil.Process(daemon.engine_pid()).net_connections("tcp4")
    return {each.raddr.port for each in connections if each.status == psutil.CONN_ESTABLISHED}


def test_peers_and_trackers_see_only_the_proxy(root: Path, daemon: Daemon, tracker: Tracker, proxy: SocksProxy) -> None:
    """With a wrong password nothing leaves, and the tracker's status says why. Without a proxy, all is direct again.

    Behind a proxy no port is listened on, and `health` knows that.
    """
    client = daemon.client
    settings: dict[str, SettingValue] = {
        "proxy_type": SOCKS5_WITH_PASSWORD,
        "proxy_hostname": "127.0.0.1",
        "proxy_port": proxy.port,
    }
    client.update_settings(settings | {"proxy_username": USER, "proxy_password": "wrong"}, wait="applied")
    trackers = [tracker.http, tracker.udp]
    refused = SampleTorrent("refused", {"": noise(1000, 1)}, single=True).metainfo
    torrent = client.add_torrent(metainfo=refused, trackers=trackers).torrent
    until(lambda: all(row.status is TrackerStatus.ERROR for row in client.list_trackers(torrent)), "no tracker works")
    told = {row.url: row.message for row in client.list_trackers(torrent)}
    assert told[tracker.http] == "SOCKS authentication error"

    def failing() -> bool:
        hindrance = client.get_torrent(torrent).hindrance
        return hindrance is not None and hindrance.cause is HindranceCause.TRACKERS_FAILING

    until(failing, "the row says that trackers fail")
    assert set(proxy.refused) == {USER}
    assert (proxy.requests, tracker.announces) == ([], [])
    until(lambda: client.stats().session.listen_port == 0, "no port is listened on")
    assert daemon.healthy()

    client.update_settings({"proxy_password": PASSWORD}, wait="applied")
    made = payload.make(root / "seed", "one.bin", {"": 2 * MIB})
    with Seed(upload_bps=4_000_000) as seed:
        seed.add(made.metainfo, made.root)
        client.add_torrent(metainfo=made.metainfo, peers=[seed.endpoint], trackers=[tracker.udp])
        assert set(until(seed.peers, "the proxy is connected to the seed")) == {OUTSIDE}
        assert remote_ports(daemon) == {proxy.port}
        daemon.until_state(made.torrent, TorrentState.SEEDING)
        assert ("tcp", seed.endpoint) in proxy.requests
    assert payload.sha1(daemon.downloads / "one.bin") == payload.sha1(made.root / "one.bin")
    client.reannounce(torrent, tracker=tracker.http)
    until(lambda: {torrent, made.torrent} == {each.torrent for each in tracker.announces}, "announces by both ways")
    assert {each.source for each in tracker.announces} == {OUTSIDE}
    assert {each.protocol for each in proxy.requests} == {"tcp", "udp"}
    assert daemon.healthy()

    client.update_settings(dict.fromkeys(settings), wait="applied")
    until(lambda: client.stats().session.listen_port, "it listens again")
    before = len(tracker.announces)
    client.reannounce(torrent)
    until(lambda: len(tracker.announces) > before, "an announce")
    assert tracker.announces[-1].source == "127.0.0.1"
