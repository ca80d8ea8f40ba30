"""Daemons of the fork server, which have to be as those of an interpreter of their own."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.rig.forking.forked_daemon import ForkedDaemon, ForkServer
from tools.rig.waiting import until

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    """A fork server for the tests of this file."""
    with contextlib.closing(ForkServer()) as running:
        yield running


def started(server: ForkServer, log: Path, *arguments: str) -> ForkedDaemon:
    """A forked daemon that writes its output to `log`, and has this process's environment."""
    with log.open("wb") as file:
        return server.start(arguments, output=file.fileno(), error=file.fileno(), environment=os.environ)


def test_it_ends_with_the_exit_code_of_the_program(server: ForkServer, tmp_path: Path) -> None:
    """It has the arguments, and its output goes where the requester says."""
    log = tmp_path / "log"
    daemon = started(server, log, "--version")
    assert daemon.wait(timeout=60) == 0
    assert log.read_text().startswith("ouzeld ")
    daemon = started(server, log, "--nonsense")
    assert (daemon.wait(timeout=60), daemon.poll(), daemon.wait()) == (2, 2, 2)
    assert "--nonsense" in log.read_text()
    daemon.terminate()  # nothing happens, since it has ended


def test_it_has_what_a_child_would_have(server: ForkServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session, a directory and a file mode mask; and none of the server's descriptors."""
    monkeypatch.chdir(tmp_path)
    keys = {name: tmp_path / name for name in ("resume_dir", "runtime_dir", "state_dir")}
    (tmp_path / "ouzel.toml").write_text("[paths]\n" + "".join(f'{key} = "{path}"\n' for key, path in keys.items()))
    mask = os.umask(0o027)
    try:
        daemon = started(server, tmp_path / "log", "--config", "ouzel.toml")
    finally:
        os.umask(mask)
    proc = Path(f"/proc/{daemon.pid}")
    try:
        until(lambda: b"started" in (tmp_path / "log").read_bytes(), "the daemon has started")
        assert (daemon.poll(), os.getsid(daemon.pid)) == (None, daemon.pid)
        assert (proc / "cwd").readlink() == tmp_path
        assert "Umask:\t0027" in (proc / "status").read_text()
        assert [(proc / f"fd/{number}").readlink().name for number in range(3)] == ["null", "log", "log"]
        with pytest.raises(subprocess.TimeoutExpired):
            daemon.wait(timeout=0)
    finally:
        daemon.kill()
    assert daemon.wait(timeout=60) == -signal.SIGKILL
