"""Trackers over HTTPS whose certificate is by a private certification authority (CA)."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from protocol.wire.peer_rows import TrackerStatus
from tools.rig.daemon import Daemon
from tools.rig.samples import SampleTorrent, noise
from tools.rig.servers.certificates import PrivateAuthority
from tools.rig.tracker import Tracker
from tools.rig.waiting import until

pytestmark = [
    pytest.mark.process,
    pytest.mark.network,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="makes certificates, which takes openssl"),
]


@pytest.fixture
def authority(root: Path) -> PrivateAuthority:
    """A CA that no machine knows."""
    return PrivateAuthority(root)


@pytest.fixture
def tracker(authority: PrivateAuthority) -> Iterator[Tracker]:
    """A tracker with a certificate by that CA."""
    with Tracker(tls=authority.server_context()) as running:
        yield running


@pytest.mark.parametrize("trusted", [True, False])
def test_a_trackers_certificate_is_verified(
    root: Path, authority: PrivateAuthority, tracker: Tracker, trusted: bool
) -> None:
    """The CA's certificate in `SSL_CERT_FILE` is trusted, also by the next engine. Otherwise nothing is announced."""
    environment = {"SSL_CERT_FILE": str(authority.file)} if trusted else {}
    sample = SampleTorrent("sample", {"": noise(1000, 1)}, single=True)
    with Daemon(root / "d", environment=environment, restart={"budget": 1000, "max_delay_s": 0.5}) as daemon:
        torrent = daemon.client.add_torrent(metainfo=sample.metainfo, trackers=[tracker.http]).torrent
        wanted = TrackerStatus.WORKING if trusted else TrackerStatus.ERROR
        [row] = until(
            lambda: [each for each in daemon.client.list_trackers(torrent) if each.status is wanted],
            f"the tracker's status is {wanted}",
        )
        if not trusted:
            assert "certificate verify failed" in row.message
            assert tracker.announces == []
            return
        assert [each.torrent for each in tracker.announces] == [torrent]
        daemon.kill_engine()
        until(lambda: len(tracker.announces) > 1, "the next engine announces, too")
