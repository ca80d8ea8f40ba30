"""A real daemon whose engine dies at each start: the back-off, the reports, and the answers to clients."""

from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import ouzel
from protocol.wire.reports import HealthStatus
from supervisor.engine.life.restart_policy import FIRST_DELAY_S, JITTER_S
from tests.fakes import faulty_engine
from tools.rig.daemon import Daemon
from tools.rig.waiting import until
from tools.rig.watcher import Watcher

pytestmark = pytest.mark.process

BUDGET = 5
CAP_S = 0.8
PROBE_S = 3.0
EARLY_S = 0.01
"""The tolerance between a timer and the log's clock."""


def seconds(line: dict[str, Any]) -> float:
    """The time at which a log line was written."""
    return datetime.fromisoformat(line["timestamp"]).timestamp()


def test_an_engine_that_dies_at_each_start(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The back-off follows the policy, then the service is `unhealthy`.

    It answers all the time, and recovers by itself.

    What is accepted meanwhile is done by the first engine that lives.
    """
    fault = root / "fault"
    fault.touch()
    monkeypatch.setenv("FAULT_FILE", str(fault))
    monkeypatch.setenv("PROBE_S", str(PROBE_S))
    restart = {"window_s": 60, "budget": BUDGET, "max_delay_s": CAP_S}
    with Daemon(root / "d", restart=restart, engine_module=faulty_engine.__name__) as daemon:
        client = daemon.client
        seen = set()

        def unhealthy() -> bool:
            """Each check is a read that must be answered."""
            client.stats()
            seen.add(client.health().status)
            return HealthStatus.UNHEALTHY in seen

        client.update_limits(download_bps=1_000_001)
        until(unhealthy, "the daemon is unhealthy", every_s=0.005)
        assert seen <= {HealthStatus.STARTING, HealthStatus.UNHEALTHY}

        with pytest.raises(ouzel.Refused, match="engine_unavailable"):
            client.add_torrent(magnet=f"magnet:?xt=urn:btih:{'ab' * 20}")
        with pytest.raises(ouzel.Refused, match="deadline_exceeded"):
            client.request("update_limits", {"upload_bps": 1_000_002}, wait="applied", deadline_ms=50)
        client.update_limits(download_bps=1_000_003)
        [reason] = client.health().reasons
        assert f"exited with {faulty_engine.EXIT_FAULT}; too many crashes" in reason.message

        exits = daemon.logged("engine_exited")
        told_s = [line["retry_s"] for line in exits]
        assert told_s[0] == 0.0
        exact_s = [min(CAP_S, FIRST_DELAY_S * 2**number) for number in range(1, BUDGET)]
        for found, exact in zip(told_s[1:], exact_s, strict=False):
            assert exact - 0.001 <= found <= min(CAP_S, exact + JITTER_S)
        assert told_s[BUDGET:] == [PROBE_S] * (len(exits) - BUDGET)
        starts = daemon.logged("engine_spawned")
        waited_s = [seconds(start) - seconds(end) for end, start in zip(exits, starts[1:], strict=False)]
        assert all(found > told - EARLY_S for found, told in zip(waited_s, told_s, strict=False))

        with Watcher(daemon.runtime_dir) as watcher:
            fault.unlink()
            applied = watcher.wait(lambda event: event.type == "limits_applied", "what was accepted is done").event.data
            assert (applied["download_bps"], applied["upload_bps"]) == (1_000_003, 1_000_002)
        until(daemon.healthy, "the daemon is healthy by itself")
        assert client.health().engine.restarts > BUDGET
        started_at = [seconds(line) for line in daemon.logged("engine_spawned")]
        assert all(later - earlier > PROBE_S - EARLY_S for earlier, later in list(pairwise(started_at))[BUDGET:])
        client.request("update_limits", {"upload_bps": 1_000_004}, wait="applied")
        assert client.request("snapshot")["settings"] == {"download_bps": 1_000_003, "upload_bps": 1_000_004}
        assert daemon.logged("spare_spawned") == [], "engines die young: there is no spare"
