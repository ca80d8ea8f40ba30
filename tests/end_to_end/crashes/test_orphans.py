"""No engine outlives its supervisor, whatever state both are in when the supervisor is killed."""

import contextlib
import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tools.rig.daemon import Daemon
from tools.rig.waiting import until

pytestmark = pytest.mark.process


def state(pid: int) -> str:
    """The process state in /proc: `T` is stopped."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@contextmanager
def watching(pid: int) -> Iterator[int]:
    """A descriptor that becomes readable when this very process has ended; it is closed afterwards."""
    pidfd = os.pidfd_open(pid)
    try:
        yield pidfd
    finally:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        os.close(pidfd)


def ended(pidfd: int, within_s: float = 20.0) -> bool:
    """Whether the process ends in time."""
    return bool(select.select([pidfd], [], [], within_s)[0])


def session_of(engine: int) -> set[int]:
    """All processes of the session that the engine leads."""
    found = set()
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getsid(process.pid) == engine and process.status() != psutil.STATUS_ZOMBIE:
                found.add(process.pid)
    return found


@pytest.mark.parametrize("stopped", [False, True])
def test_a_killed_supervisor_leaves_nothing_of_its_engine(daemon: Daemon, stopped: bool) -> None:
    """Not even a stopped engine is left, which cannot end itself. The directories can be used again at once."""
    until(daemon.healthy, "the engine is up")
    engine = daemon.engine_pid()
    assert session_of(engine) == {engine}  # it starts no processes, and its threads end with it
    with watching(engine) as pidfd:
        if stopped:
            os.kill(engine, signal.SIGSTOP)
            until(lambda: state(engine) == "T", "the engine stands still")
        daemon.kill()
        assert ended(pidfd)
        assert session_of(engine) == set()
    daemon.start()
    until(daemon.healthy, "the next supervisor has an engine")


def test_a_supervisor_that_is_killed_before_its_engine_holds_on_to_it_leaves_none(root: Path) -> None:
    """The kernel was not yet asked to end it with its parent.

    It notices by itself that its parent has changed, and exits.
    """
    with Daemon(root / "d", engine_module="tests.fakes.stalled_engine") as daemon:
        engine = daemon.engine_pid()
        until(lambda: state(engine) == "T", "the engine stands still in its first lines")
        with watching(engine) as pidfd:
            daemon.kill()
            assert not ended(pidfd, within_s=0)
            os.kill(engine, signal.SIGCONT)
            assert ended(pidfd)
