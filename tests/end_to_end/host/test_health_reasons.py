"""What `health` says about problems that a test causes: the subject, the cause and the remedy; and the recovery."""

import socket
from pathlib import Path

import pytest

from protocol.wire.reports import HealthStatus, Reason, Severity
from protocol.wire.rows import TorrentState
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.mounts import tmpfs
from tools.rig.payload import MIB
from tools.rig.seed import Seed
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]


def reason(daemon: Daemon, component: str, subject: str | None = None) -> Reason:
    """Waits until `health` has the reason."""
    return until(
        lambda: next(
            (
                each
                for each in daemon.client.health().reasons
                if each.component == component and subject in (None, each.subject)
            ),
            None,
        ),
        f"health has a reason of {component}",
    )


def gone(daemon: Daemon, component: str) -> None:
    """Waits until `health` no longer has the reason."""
    until(lambda: all(each.component != component for each in daemon.client.health().reasons), f"{component} heals")


def test_one_torrents_trouble_is_told_and_degrades_nothing(root: Path, daemon: Daemon, seed: Seed) -> None:
    """It has the name, the cause and the remedy.

    A damaged record is reported after a restart, too, until it is repaired.
    """
    made = payload.make(root / "seed", "Hindered", {"a": 20_000})
    other = payload.make(root / "seed", "Damaged", {"a": 20_000})
    (daemon.downloads / "Hindered").write_bytes(b"in the way")
    for each in (made, other):
        seed.add(each.metainfo, each.root)
        daemon.client.add_torrent(metainfo=each.metainfo, peers=[seed.endpoint])
    daemon.until_state(made.torrent, TorrentState.ERROR)
    daemon.until_state(other.torrent, TorrentState.SEEDING)
    told = reason(daemon, "torrents", "files_in_the_way")
    assert told.severity is Severity.WARNING
    assert told.message.startswith("1 torrent in error: ")
    assert f"'Hindered' ({made.torrent[:8]})" in told.message
    assert "ouzel resume" in told.message
    until(daemon.healthy, "one torrent's trouble is not the service's")

    daemon.stop()
    record = daemon.resume_dir / f"{other.torrent}.json"
    record.write_text(record.read_text().replace("Damaged", "damaged"))
    daemon.start()
    told = reason(daemon, "resume_dir", record.name)
    assert told.severity is Severity.WARNING
    assert "ouzel damaged list" in told.message
    until(daemon.healthy, "nor is one record's")
    daemon.stop()
    daemon.start()
    reason(daemon, "resume_dir", record.name)

    reason(daemon, "torrents", "files_in_the_way")
    (daemon.downloads / "Hindered").unlink()
    daemon.client.resume(made.torrent)
    gone(daemon, "torrents")


def test_a_port_that_is_taken_is_told_with_the_one_that_is_used(root: Path) -> None:
    """It affects all torrents, since no peer expects the service at the other port."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with Daemon(root / "d", engine={"listen_interfaces": f"127.0.0.1:{port}"}) as daemon:
            told = reason(daemon, "engine", "listen")
            used = daemon.client.stats().session.listen_port
            assert told.severity is Severity.ERROR
            assert daemon.client.health().status is HealthStatus.DEGRADED
            assert f"port {port} is wanted" in told.message
            assert f"port {used} is used" in told.message
            assert "ss -tulnp" in told.message


def test_a_download_root_that_is_away_is_told_and_heals(daemon: Daemon) -> None:
    """Nothing can be stored meanwhile, which affects all torrents."""
    daemon.downloads.rename(daemon.root / "elsewhere")
    told = reason(daemon, "download_roots", str(daemon.downloads))
    assert told.severity is Severity.ERROR
    assert f"{daemon.downloads} is not there" in told.message
    (daemon.root / "elsewhere").rename(daemon.downloads)
    gone(daemon, "download_roots")
    until(daemon.healthy, "all is well")


@pytest.mark.mounts
def test_a_download_root_that_is_read_only_is_told_and_heals(root: Path) -> None:
    """Both at the start and later."""
    with tmpfs(root / "d/downloads", MIB) as disk, Daemon(root / "d") as daemon:
        with disk.read_only():
            told = reason(daemon, "download_roots", str(daemon.downloads))
            assert "read-only" in told.message
            assert "remount,rw" in told.message
        gone(daemon, "download_roots")
