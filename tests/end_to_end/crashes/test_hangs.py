"""Engines that hang are detected, ended with their stacks in a report, and replaced.

Engines that do not hang are not ended.
"""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from protocol.wire.reports import HealthStatus
from protocol.wire.rows import TorrentState
from supervisor.engine.life.pulse import DEADLINE_S
from tools.engines import hanging_engine
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.payload import MIB
from tools.rig.waiting import until

pytestmark = pytest.mark.process

TOLD: Final = {
    "stop": "nothing was heard of the engine for",
    "network": "libtorrent has not answered the engine for",
}


@pytest.fixture
def daemon(root: Path) -> Iterator[Daemon]:
    """A daemon whose engine can be made to hang."""
    with Daemon(root / "d", restart={"budget": 1000}, engine_module=hanging_engine.MODULE) as running:
        until(running.healthy, "the daemon is healthy")
        yield running


@pytest.mark.parametrize("way", ["stop", "network"])
def test_a_hung_engine_is_replaced_and_leaves_its_stacks(root: Path, daemon: Daemon, way: str) -> None:
    """First it is suspect. Its operations are in the report and the log, and its torrents are loaded again."""
    made = payload.make(root / "seed", "one.bin", {"": MIB})
    if way == "stop":  # with torrents the loop soon waits for a network thread that is stalled
        daemon.client.add_torrent(metainfo=made.metainfo, paused=True, wait="applied")
    pid = daemon.engine_pid()
    os.kill(pid, hanging_engine.SIGNALS[way])
    until(lambda: daemon.client.health().status is HealthStatus.DEGRADED, "the engine is suspected")
    until(lambda: daemon.client.health().engine.pid not in (pid, None), "there is a new engine")
    until(daemon.healthy, "the daemon is healthy again")
    if way == "stop":
        daemon.until_state(made.torrent, TorrentState.PAUSED)
    [crash] = until(daemon.client.list_crashes, "there is a report")
    assert (crash.pid, crash.gen, crash.signal) == (pid, 1, "SIGABRT")
    assert crash.killed_for is not None
    assert crash.killed_for.startswith(TOLD[way])
    report = daemon.client.get_crash(crash.name)
    assert "most recent call first" in report.stacks
    assert "engine.py" in report.stacks
    assert {"pop_alerts", "post_statistics"} <= {record["what"] for record in report.flight}
    [logged] = daemon.logged("engine_stacks")
    assert logged["stacks"] == report.stacks.splitlines()
    assert not Path(f"/proc/{pid}").exists()


def test_a_supervisor_that_was_stopped_blames_nobody(root: Path, daemon: Daemon) -> None:
    """SIGSTOP for longer than an engine may be silent, then SIGCONT: the engine lives.

    Also where it was stopped together with its engine, as when a machine sleeps or a container is paused.
    """
    with Daemon(root / "e") as other:
        until(other.healthy, "the other one is healthy")
        engine, others = daemon.client.health().engine, other.client.health().engine
        assert others.pid is not None
        stopped = (daemon.pid, other.pid, others.pid)
        try:
            for pid in stopped:
                os.kill(pid, signal.SIGSTOP)
            resumes_at = time.monotonic() + DEADLINE_S + 1.0
            until(lambda: time.monotonic() > resumes_at, "they were stopped for long enough")
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
        watched_until = time.monotonic() + 1.0
        while time.monotonic() < watched_until:
            for each, before in ((daemon, engine), (other, others)):
                after = each.client.health().engine
                assert (after.pid, after.gen) == (before.pid, before.gen)
        assert daemon.healthy()
        assert other.healthy()


def test_sigterm_has_an_engine_save_and_leave(daemon: Daemon) -> None:
    """Whoever sends SIGTERM, the next engine starts, and the death counts like any other."""
    pid = daemon.engine_pid()
    os.kill(pid, signal.SIGTERM)
    until(lambda: daemon.client.health().engine.pid not in (pid, None), "there is a new engine")
    [exited] = daemon.logged("engine_exited")
    assert (exited["exit_code"], exited["signal"]) == (0, None)
