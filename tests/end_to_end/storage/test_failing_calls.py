"""Each system call of the running supervisor fails once, with different errors."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import pytest

import ouzel
from tests.fakes.failing_supervisor import VARIABLE
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.keyring import Keyring
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]

T = TypeVar("T")

ERRORS: Final = os.environ.get("FAILING_ERRORS", "EIO").split(",")
"""More errors take longer, and were tried: EMFILE, ENOMEM, EAGAIN."""

LIMIT: Final = 1_000_000

PLACES: Final = (
    "supervisor/access/authorized_keys.py",
    "supervisor/engine/process/child.py",
    "supervisor/engine/process/code_stamp.py",
    "supervisor/config/config.py",
    "supervisor/engine/process/crash_reports.py",
    "supervisor/engine/process/flight.py",
    "supervisor/host/memory.py",
    "supervisor/store/resume_dir_warden.py",
    "supervisor/host/service_manager.py",
    "supervisor/concurrency/threads.py",
    "protocol/durable/durable.py",
)
"""Calls that must be among the failed ones; the others are found by recording."""


def test_no_call_that_fails_once_ends_the_supervisor(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers all the time, every request is carried out in the end, and health recovers."""
    monkeypatch.setenv("NOTIFY_SOCKET", str(root / "notify"))  # no process is there, which does not matter
    keyring = Keyring(root)
    keyring.new("one")
    failed = root / "failed"
    with Daemon(
        root / "d",
        restart={"budget": 1000, "max_delay_s": 0.05},
        limits={"download_bps": LIMIT},
        api=keyring.api,
        module="tests.fakes.failing_supervisor",
        environment={VARIABLE: f"{failed}:{','.join(ERRORS)}"},
    ) as daemon:
        until(daemon.healthy, "healthy")
        for number, error in enumerate(ERRORS):
            os.kill(daemon.pid, signal.SIGUSR2)
            _use(daemon, keyring, number)
            until(daemon.healthy, f"all is well after {error}: {daemon.client.health().reasons}; log: {daemon.log}")
        pid = daemon.pid
        assert daemon.client.health().supervisor.pid == pid
        lines = failed.read_text().splitlines()
        for error in ERRORS:
            places = {line.split()[2].rpartition(":")[0] for line in lines if line.startswith(error)}
            assert set(PLACES) <= places, set(PLACES) - places
        assert daemon.stop() == 0


def _use(daemon: Daemon, keyring: Keyring, number: int) -> None:
    """Uses every function of the daemon."""
    client = daemon.client
    keyring.new(f"more-{number}")
    made = payload.make(daemon.root, f"payload-{number}", {"a": 1000, "b": 2000})
    _asked(lambda: client.add_torrent(metainfo=made.metainfo), "added")
    for number_of_signal in (signal.SIGKILL, signal.SIGABRT):
        until(daemon.healthy, "all torrents are back")
        gen = client.health().engine.gen
        os.kill(daemon.engine_pid(), number_of_signal)
        _until_running(client, gen + 1)
    old, new = LIMIT + number, LIMIT + number + 1
    daemon.config.write_text(daemon.config.read_text().replace(str(old), str(new)))
    os.kill(daemon.pid, signal.SIGHUP)
    until(lambda: next(client.snapshot(limit=1)).settings.download_bps == new, "the new limit is in force")
    crash = until(lambda: _asked(client.list_crashes, "the reports"), "a report")[0]
    _asked(lambda: client.get_crash(crash.name), "shown")
    _asked(lambda: client.list_files(torrent=made.torrent), "files")
    _asked(client.stats, "figures")
    _asked(lambda: client.remove_torrent(torrent=made.torrent, delete_files=True), "removed")
    until(lambda: not list(client.list_torrents()), "gone")


def _until_running(client: ouzel.Client, gen: int) -> None:
    """Waits for an engine of this generation or a later one."""
    until(lambda: (engine := client.health().engine).gen >= gen and engine.state == "running", "another engine")


def _asked(call: Callable[[], T], what: str) -> T:
    """Sends a call, and repeats it if it is refused."""

    def ask() -> tuple[T] | None:
        try:
            return (call(),)
        except ouzel.Refused:
            return None

    return until(ask, what)[0]
