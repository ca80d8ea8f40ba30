"""A daemon whose standard error cannot be written or is not read; `scripts/bench log` is the long version."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tools.bench.service import log
from tools.rig import stderrs
from tools.rig.daemon import Daemon
from tools.rig.waiting import until

pytestmark = pytest.mark.process

CONFIG_WRONG = 78


@pytest.mark.parametrize("kind", ["closed", "blocked", "reader_gone"])
def test_nothing_but_lines_is_lost(kind: str, root: Path) -> None:
    """Engines are replaced, commands carried out, the configuration reloaded, and the end is clean.

    Health has the cause.
    """
    found = log.run(root / "d", kind, kills=1, commands=10)
    assert (found.refused, found.exit_code, found.status) == (0, 0, "healthy")
    assert len(found.told) == 1


@pytest.mark.parametrize("kind", ["good", "blocked", "terminal"])
def test_a_supervisor_that_crashes_does_not_wait_for_its_log(kind: str, root: Path) -> None:
    """Its stacks are in the log, if the log can be written."""
    with stderrs.make(kind, root) as stderr, Daemon(root / "d", stderr=stderr) as daemon:
        os.kill(daemon.pid, signal.SIGABRT)
        # faulthandler reads the stacks of running threads, and sometimes crashes in doing so.
        assert until(daemon.ended, "its end") in {-signal.SIGABRT, -signal.SIGSEGV}
        if kind == "good":
            assert "most recent call first" in (root / "stderr").read_text()


@pytest.mark.parametrize("kind", ["closed", "full", "blocked"])
def test_a_daemon_that_cannot_start_says_so_by_its_exit_code(kind: str, root: Path) -> None:
    """Also if the message cannot be written."""
    wrong = root / "ouzel.toml"
    wrong.write_text("wrong")
    with stderrs.make(kind, root) as stderr:
        argv = [*stderr.shell, sys.executable, "-m", "supervisor", "--config", str(wrong)]
        assert subprocess.run(argv, stderr=stderr.fd, timeout=30, check=False).returncode == CONFIG_WRONG


def test_no_file_gets_the_number_of_a_closed_stream(root: Path) -> None:
    """Otherwise a native library's output to standard error would be written to that file."""
    with stderrs.make("closed", root) as stderr, Daemon(root / "d", stderr=stderr) as daemon:
        assert str(Path(f"/proc/{daemon.pid}/fd/2").readlink()) == os.devnull


def test_deaths_are_noticed_where_a_parent_ignores_those_of_its_children(root: Path) -> None:
    """The kernel then reaps the children itself, and this setting is inherited."""
    shell = (
        sys.executable,
        "-c",
        "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])",
    )
    with stderrs.make("good", root) as stderr, Daemon(root / "d", stderr=stderr._replace(shell=shell)) as daemon:
        until(daemon.healthy, "healthy")
        daemon.kill_engine()
        until(lambda: daemon.client.health().engine.gen > 1 and daemon.healthy(), "the next engine")
