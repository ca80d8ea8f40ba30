"""The demonstration on a small scale."""

import signal
import subprocess
import sys

import pytest

from protocol.wire.rows import TorrentState
from tools.rig.daemon import Daemon
from tools.rig.scratch import scratch

pytestmark = [pytest.mark.process, pytest.mark.network]


def test_the_demonstration_ends_well() -> None:
    """Its exit code is 0. When its output is a pipe, it writes lines without control characters."""
    argv = [sys.executable, "-m", "tools.demo", "--size", "64", "--mbps", "20"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert all(line.isprintable() for line in done.stdout.splitlines())
    assert "SIGKILL to engine pid" in done.stdout
    assert "healthy -> degraded -> healthy" in done.stdout
    assert "WRONG" not in done.stdout


def test_the_demonstration_can_only_serve() -> None:
    """The magnet link that it prints leads to a download. SIGINT ends it."""
    argv = [sys.executable, "-m", "tools.demo", "--serve", "--size", "64", "--mbps", "100"]
    serving = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, start_new_session=True)
    with serving, scratch() as root, Daemon(root / "d") as daemon:
        try:
            assert serving.stdout is not None
            link = next(line.strip() for line in serving.stdout if line.startswith("magnet:"))
            torrent = daemon.client.add_torrent(magnet=link).torrent
            daemon.until_state(torrent, TorrentState.SEEDING)
        finally:
            serving.send_signal(signal.SIGINT)
        assert serving.wait(timeout=60) == 128 + signal.SIGINT
