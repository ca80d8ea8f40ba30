"""`scripts/run`: the daemon and the gateway together."""

import http.client
import os
import shutil
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.rig.daemon import Daemon
from tools.rig.gateway import free_port
from tools.rig.waiting import until

pytestmark = pytest.mark.process

RUN = Path(__file__).parents[3] / "scripts/run"


@pytest.fixture
def script(root: Path) -> Path:
    """A copy of the script, in a checkout that is set up."""
    (root / "scripts").mkdir()
    shutil.copy(RUN, root / "scripts")
    setup = root / "scripts/setup"
    setup.write_text("#!/bin/sh\n")
    setup.chmod(0o755)
    (root / ".venv").symlink_to(sys.prefix)
    return root / "scripts/run"


@pytest.fixture
def trappable() -> Iterator[None]:
    """Has SIGHUP end this process. A shell cannot trap a signal that it inherits as ignored, such as below nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("trappable")
def test_both_start_and_end_together(root: Path, script: Path) -> None:
    """SIGHUP reloads the daemon's configuration. SIGTERM ends both."""
    port = free_port()
    with running(root / "d", script, port) as daemon:
        until(lambda: answers(port), "the gateway answers")
        os.kill(daemon.pid, signal.SIGHUP)
        until(lambda: daemon.logged("reloaded"), "the daemon has reloaded")
        assert daemon.stop() == 0
        assert not answers(port)
        assert len(daemon.logged("gateway_stopped")) == 1
        assert daemon.log.read_text().count("the password of 'admin' is") == 1


def test_without_the_gateway_the_daemon_goes_on(root: Path, script: Path) -> None:
    """If another program has the port, the gateway says so."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with running(root / "d", script, other.getsockname()[1]) as daemon:
            until(lambda: "another program uses" in daemon.log.read_text(), "the gateway says why it ends")
            until(daemon.healthy, "the daemon is healthy")
            assert daemon.stop() == 0


def running(root: Path, script: Path, port: int) -> Daemon:
    """A daemon that the script starts, with a gateway at this port."""
    daemon = Daemon(root, command=[str(script)])
    with daemon.config.open("a") as config:
        config.write(f'\n[gateway]\nlisten = "127.0.0.1:{port}"\n')
    return daemon


def answers(port: int) -> bool:
    """Whether a gateway answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/api/v2/app/version")
        return connection.getresponse().status == 403
    except OSError:
        return False
    finally:
        connection.close()
