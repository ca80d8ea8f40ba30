"""A daemon under a fake service manager with a real socket; scripts/systemd-test runs systemd itself."""

import os
import pty
import signal
import socket
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

import ouzel
from protocol.wire.reports import HealthStatus
from tools.rig.daemon import Daemon
from tools.rig.waiting import until
from tools.rig.watcher import Watcher

pytestmark = pytest.mark.process

WATCHDOG_S: Final = 2.0
RELOAD_S: Final = 2.0
"""The time that design.md allows for applying a changed file."""


class Manager:
    """The daemon's messages, in order; `forget` clears them."""

    def __init__(self, path: Path) -> None:
        self.said: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)

    def until(self, what: str, count: int = 1) -> None:
        """Waits until this many messages have begun with this text."""
        until(lambda: sum(each.startswith(what) for each in self.heard()) >= count, f"{what} {count} times")

    def heard(self) -> list[str]:
        """All messages so far."""
        try:
            while True:
                self.said.append(self._socket.recv(4096).decode())
        except BlockingIOError:
            return self.said

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    """A service manager for all daemons started in this test."""
    manager = Manager(root / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", str(root / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", str(int(WATCHDOG_S * 1e6)))
    yield manager
    manager.close()


@pytest.fixture
def managed(manager: Manager, root: Path) -> Iterator[Daemon]:
    """A daemon with this manager, and limits in its configuration."""
    with Daemon(root / "d", limits={"upload_bps": 70_000}) as daemon:
        until(daemon.healthy, "healthy")
        yield daemon


def reloading(manager: Manager, daemon: Daemon, edit: Callable[[str], str]) -> None:
    """Changes the file, sends SIGHUP, and waits until the reload has ended."""
    manager.heard()
    manager.said.clear()
    daemon.config.write_text(edit(daemon.config.read_text()))
    os.kill(daemon.pid, signal.SIGHUP)
    manager.until("READY=1")
    turns = [each.split("\n")[0] for each in manager.said if each.startswith(("RELOADING", "READY"))]
    assert turns == ["RELOADING=1", "READY=1"]


def test_a_life_under_a_service_manager(manager: Manager, managed: Daemon) -> None:
    """Messages say ready, alive and stopping.

    They do not depend on the engine, whose death does not end the service.
    """
    manager.until("READY=1")
    manager.until("WATCHDOG=1", 3)
    manager.until("STATUS=healthy: 0 torrents, engine generation 1")
    environ = Path(f"/proc/{managed.engine_pid()}/environ").read_bytes()
    assert b"NOTIFY_SOCKET" not in environ
    assert b"WATCHDOG_" not in environ
    managed.kill_engine()
    manager.until("STATUS=healthy: 0 torrents, engine generation 2")
    assert managed.stop() == 0
    heard = manager.heard()
    assert heard.count("READY=1") == 1
    ending = [each for each in heard if each.startswith(("STOPPING", "EXTEND"))]
    assert ending[0] == "STOPPING=1"
    assert ending[1].startswith("EXTEND_TIMEOUT_USEC=")


def test_a_daemon_that_does_not_get_on_is_not_alive(manager: Manager, managed: Daemon) -> None:
    """Here the daemon is stopped for longer than the manager's deadline."""
    manager.until("WATCHDOG=1")
    os.kill(managed.pid, signal.SIGSTOP)
    try:
        stat = Path(f"/proc/{managed.pid}/stat")
        until(lambda: stat.read_text().rsplit(")", 1)[1].split()[0] == "T", "stopped")
        manager.heard()
        manager.said.clear()
        still_until = time.monotonic() + WATCHDOG_S
        until(lambda: time.monotonic() > still_until, "time passes")
        assert manager.heard() == []
    finally:
        os.kill(managed.pid, signal.SIGCONT)
    manager.until("WATCHDOG=1")


def test_a_changed_file_is_taken_without_a_restart(manager: Manager, managed: Daemon) -> None:
    """Limits and settings apply at once, other keys at the next start. Limits that clients have set stay."""
    managed.client.update_limits(upload_bps=80_000)
    engine = managed.engine_pid()
    with Watcher(managed.runtime_dir) as watcher:
        asked_at = time.monotonic()
        reloading(
            manager,
            managed,
            lambda file: (
                file.replace("70000", "90000\ndownload_bps = 123456")
                .replace("[engine]", "[engine]\nconnections_limit = 77")
                .replace("[restart]", "[restart]\nbudget = 9")
                .replace("/state", "/elsewhere")
            ),
        )
        applied = watcher.wait(
            lambda event: event.type == "limits_applied" and event.data["download_bps"] == 123456, "limits are applied"
        )
        assert applied.event.data["upload_bps"] == 80_000
        assert applied.at - asked_at < RELOAD_S
        changed = watcher.wait(lambda event: event.type == "settings_changed", "the change is told").event
    assert changed.data == {
        "changed": ["engine.connections_limit", "limits.download_bps", "limits.upload_bps", "restart.budget"],
        "overridden": ["limits.upload_bps"],
        "restart_needed": ["paths.state_dir"],
        "source": "file",
    }
    assert managed.engine_pid() == engine
    assert managed.healthy()


def test_a_wrong_file_is_refused_whole(manager: Manager, managed: Daemon) -> None:
    """Because of its form, a value, or libtorrent.

    The service goes on with the old configuration until a valid file is read.
    """
    before, engine = managed.config.read_text(), managed.engine_pid()
    wrong = {
        "not TOML": "[limits",
        "is empty": "",
        "byte order mark": f"\ufeff{before}",
        "[limits] is not in the file any more": before.partition("[limits]")[0],
        "limits.upload_bps": before.replace("70000", "-1"),
        "engine.nonsense": before.replace("70000", "90000").replace("[engine]", "[engine]\nnonsense = 1"),
    }
    with Watcher(managed.runtime_dir) as watcher:
        for about, text in wrong.items():
            reloading(manager, managed, lambda file, text=text: text)  # type: ignore[misc]  # mypy sees no default
            refusal = watcher.wait(
                lambda event, about=about: (
                    event.type == "session_error"  # type: ignore[misc]  # the same
                    and (about == "not TOML" or about in event.data["message"])
                ),
                f"refused for {about}",
            ).event
            assert refusal.data["name"] == "config_refused"
            health = managed.client.health()
            assert health.status is HealthStatus.DEGRADED
            assert [(reason.component, reason.subject) for reason in health.reasons] == [("config", "file")]
        limits = [event.data for event in watcher.so_far() if event.type == "limits_applied"]
        assert {each["upload_bps"] for each in limits} == {70_000}
    managed.kill_engine()
    until(lambda: managed.client.health().engine.gen == 2 and managed.engine_pid() != engine, "a new engine runs")
    reloading(manager, managed, lambda file: before)
    until(managed.healthy, "healthy")


def test_a_terminal_that_hangs_up_stops_it(root: Path) -> None:
    """There, SIGHUP causes a clean end, even though nothing can be printed any more."""
    daemon = Daemon(root / "d")
    ours, theirs = pty.openpty()
    argv = [sys.executable, "-c", LEADER, sys.executable, "-I", "-m", "supervisor", "--config", str(daemon.config)]
    process = subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    try:
        with ouzel.Client(daemon.runtime_dir) as client:
            until(lambda: _healthy(client), "healthy")
        os.close(ours)
        assert process.wait(timeout=60) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


LEADER: Final = f"""
import fcntl, os, sys
fcntl.ioctl(0, {termios.TIOCSCTTY}, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Makes the terminal the session's controlling terminal, as a shell does, so that its end is signalled."""


def _healthy(client: ouzel.Client) -> bool:
    try:
        return client.health().status is HealthStatus.HEALTHY
    except (ouzel.NotRunning, ouzel.RequestTimeout):
        return False
