"""libtorrent's counters and the free space, compared with a seed, with libtorrent's list, and with the disk."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import libtorrent
import pytest

from ouzel.cli.main import run
from protocol.wire.rows import TorrentState
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.payload import MIB
from tools.rig.seed import Seed
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]

lt: Any = libtorrent
RECEIVED = "net.recv_payload_bytes"


def test_counters_count_what_is_downloaded(
    root: Path, new_daemon: Daemon, seed: Seed, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the seed counts it, under each of libtorrent's names. A new engine begins at 0."""
    made = payload.make(root / "seed", "set", {"a.bin": MIB + 5})
    seed.add(made.metainfo, made.root)
    daemon, client = new_daemon, new_daemon.client
    client.add_torrent(metainfo=made.metainfo, peers=[seed.endpoint])
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    until(lambda: client.get_counters().counters[RECEIVED] >= MIB + 5, "it is counted")
    found = client.get_counters()
    assert found.counters[RECEIVED] == seed.uploaded()
    assert found.counters.keys() == {metric.name for metric in lt.session_stats_metrics()}
    assert found.age_ms < 30_000
    at = ["--runtime-dir", str(daemon.runtime_dir), "stats"]
    assert run([*at, "--counters", "net.recv_p*"]) == 0
    assert capsys.readouterr().out.split() == [RECEIVED, str(found.counters[RECEIVED])]
    assert run([*at, "--counters", "none.*", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["counters"] == {}
    assert run([*at, "net.*"]) == 2
    capsys.readouterr()
    until(lambda: client.stats().session.network_thread_load is not None, "the load is known")
    assert 0 <= (client.stats().session.network_thread_load or 0) <= 1.5
    daemon.kill_engine()
    until(lambda: client.get_counters().counters[RECEIVED] == 0, "the next engine has answered")


def test_free_space_is_that_of_the_disk(daemon: Daemon, capsys: pytest.CaptureFixture[str]) -> None:
    """Unknown while the root is missing."""

    def space() -> int | None:
        roots = daemon.client.stats().roots
        assert {root.path for root in roots} <= {str(daemon.downloads)}
        return roots[0].free_bytes if roots else None

    free = until(space, "it was seen")
    disk = os.statvfs(daemon.downloads)
    assert abs(free - disk.f_bavail * disk.f_frsize) < 2_000_000_000  # others use the disk, too
    assert daemon.client.stats().roots[0].size_bytes == disk.f_blocks * disk.f_frsize
    assert run(["--runtime-dir", str(daemon.runtime_dir), "stats"]) == 0
    assert f": {daemon.downloads}" in "".join(capsys.readouterr().out.split("\n"))
    daemon.downloads.rmdir()
    until(lambda: space() is None, "it is unknown")


def test_the_first_root_is_the_default_save_path(root: Path, daemon: Daemon) -> None:
    """The order is that of the configuration, also after a reload and a restart, and while no engine runs."""
    (root / "new").mkdir()
    both = [str(root / "new"), str(daemon.downloads)]

    def roots() -> list[str]:
        return [each.path for each in daemon.client.stats().roots]

    assert roots() == both[1:]
    written = daemon.config.read_text()
    daemon.config.write_text(written.replace("download_roots = [", f'download_roots = ["{both[0]}", '))
    os.kill(daemon.pid, signal.SIGHUP)
    until(lambda: roots() == both, "the new root is the first")
    daemon.kill_engine()
    assert roots() == both
    daemon.kill()
    daemon.start()
    assert roots() == both
    torrent = daemon.client.add_torrent(magnet=f"magnet:?xt=urn:btih:{'a' * 40}", paused=True).torrent
    assert daemon.client.get_torrent(torrent).save_path == both[0]
