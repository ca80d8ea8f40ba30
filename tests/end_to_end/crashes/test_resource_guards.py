"""Limits that prevent one process from exhausting the machine or the other process."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from protocol.wire.rows import TorrentState
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.waiting import until
from tools.rig.watcher import Watcher

pytestmark = pytest.mark.process


def soft_and_hard(pid: int, limit: str) -> list[str]:
    """A process's soft and hard limit in /proc."""
    [line] = [line for line in Path(f"/proc/{pid}/limits").read_text().splitlines() if line.startswith(limit)]
    return line.removeprefix(limit).split()[:2]


def oom_score_adj(pid: int) -> int:
    """The process's `oom_score_adj`: a higher value is killed earlier."""
    return int(Path(f"/proc/{pid}/oom_score_adj").read_text())


@contextmanager
def soft_limit(kind: int, soft: int) -> Iterator[None]:
    """Processes started meanwhile inherit this soft limit, as far as the hard limit allows it."""
    before = resource.getrlimit(kind)
    hard = before[1]
    resource.setrlimit(kind, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(kind, before)


def test_both_processes_have_their_limits_and_the_engine_goes_first(root: Path) -> None:
    """Both have as many descriptors as allowed and no core dumps. When memory runs out, the kernel ends the engine."""
    with (
        soft_limit(resource.RLIMIT_NOFILE, 1000),
        soft_limit(resource.RLIMIT_CORE, 100_000_000),
        Daemon(root / "d") as daemon,
    ):
        until(daemon.healthy, "the engine is up")
        for pid in (daemon.pid, daemon.engine_pid()):
            soft, hard = soft_and_hard(pid, "Max open files")
            assert soft == hard
            assert soft_and_hard(pid, "Max core file size")[0] == "0"
        assert oom_score_adj(daemon.pid) == oom_score_adj(os.getpid())
        assert oom_score_adj(daemon.engine_pid()) == min(1000, oom_score_adj(daemon.pid) + 500)


def test_an_engine_that_holds_too_much_is_replaced_once_and_then_spaced_out(root: Path) -> None:
    """It is drained, not killed, and costs no restart budget.

    The torrent is loaded again, and health has the reason.
    """
    made = payload.make(root / "made", "one.bin", {"": 50_000}, piece_size=16 * 1024)
    keys = {"max_memory_mb": 1, "budget": 0}
    with Daemon(root / "d", restart=keys) as daemon, Watcher(daemon.runtime_dir) as watcher:
        daemon.client.add_torrent(metainfo=made.metainfo, paused=True)
        why = watcher.wait(lambda event: event.type == "session_error", "an event says why").event
        assert why.data["name"] == "memory_high"
        reason = until(
            lambda: next((each for each in daemon.client.health().reasons if "was replaced" in each.message), None),
            "the second engine has been looked at, too",
        )
        assert (reason.component, reason.subject) == ("engine", "memory")
        health = daemon.client.health()
        assert (health.status.value, health.engine.gen, health.engine.restarts) == ("degraded", 2, 1)
        daemon.until_state(made.torrent, TorrentState.PAUSED)
        [lost] = [event.data for event in watcher.so_far() if event.type == "engine_lost"]
        assert (lost["exit_code"], lost["signal"], lost["retry_ms"]) == (0, None, 0)
        assert [event.gen for event in watcher.so_far() if event.type == "engine_started"][-1] == 2
