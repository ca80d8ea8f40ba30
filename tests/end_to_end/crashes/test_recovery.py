"""After processes were killed, everything that was acknowledged is still there."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import ouzel
from protocol.wire.reports import HealthStatus
from protocol.wire.rows import TorrentState
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.payload import MIB
from tools.rig.seed import Seed
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]


def test_a_download_survives_twenty_kills_and_every_request_gets_one_reply(
    root: Path, daemon: Daemon, slow_seed: Seed
) -> None:
    """The SHA-1 is equal, the supervisor's pid is unchanged, and the service is healthy again."""
    made = payload.make(root / "seed", "one.bin", {"": 64 * MIB})
    slow_seed.add(made.metainfo, made.root)
    before = daemon.client.health()
    daemon.client.add_torrent(metainfo=made.metainfo, peers=[slow_seed.endpoint])
    daemon.until_state(made.torrent, TorrentState.DOWNLOADING)
    killed: set[int] = set()
    sent = answered = 0
    while len(killed) < 20:
        engine = until(lambda: daemon.client.health().engine, "an engine that runs")
        if engine.pid is not None and engine.pid not in killed:
            os.kill(engine.pid, signal.SIGKILL)
            killed.add(engine.pid)
        limit = 10_000_000 + len(killed)
        requests = [
            ("ping", {}),
            ("list_torrents", {}),
            ("update_limits", {"torrent": made.torrent, "upload_bps": limit}),
            ("health", {}),
        ]
        outcomes = daemon.client.request_many(requests)
        sent += len(requests)
        answered += sum(1 for outcome in outcomes if not isinstance(outcome, ouzel.RequestTimeout))
    assert answered == sent
    until(daemon.healthy, "the daemon is healthy again")
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    assert payload.sha1(daemon.downloads / "one.bin") == payload.sha1(made.root / "one.bin")
    health = daemon.client.health()
    assert health.supervisor.pid == before.supervisor.pid
    assert health.engine.restarts >= before.engine.restarts + 20
    assert daemon.row(made.torrent).upload_limit_bps == 10_000_020


def test_an_engine_death_is_told_and_so_is_the_return(root: Path, daemon: Daemon, slow_seed: Seed) -> None:
    """`engine_lost`, `error` for the interrupted torrent, `engine_started`, and its `state_changed`, in this order."""
    made = payload.make(root / "seed", "one.bin", {"": 64 * MIB})
    slow_seed.add(made.metainfo, made.root)
    daemon.client.add_torrent(metainfo=made.metainfo, peers=[slow_seed.endpoint])
    daemon.until_state(made.torrent, TorrentState.DOWNLOADING)
    told: list[tuple[str, str | None]] = []
    with daemon.client.events() as events:
        daemon.kill_engine()
        for event in events:
            assert isinstance(event, ouzel.Event)
            told.append((event.type, event.torrent))
            if event.type == "state_changed":
                break
    wanted = [
        ("engine_lost", None),
        ("error", made.torrent),
        ("engine_started", None),
        ("state_changed", made.torrent),
    ]
    assert [entry for entry in told if entry in wanted] == wanted


def test_a_killed_supervisor_leaves_no_engine_and_the_next_one_keeps_all(
    root: Path, daemon: Daemon, slow_seed: Seed
) -> None:
    """The torrent continues from its saved data, in a new epoch."""
    made = payload.make(root / "seed", "one.bin", {"": 48 * MIB})
    slow_seed.add(made.metainfo, made.root)
    daemon.client.add_torrent(metainfo=made.metainfo, peers=[slow_seed.endpoint], labels=["keep"])
    until(lambda: daemon.row(made.torrent).progress > 0.3, "a third is there")
    engine = daemon.engine_pid()
    daemon.kill()
    until(lambda: not Path(f"/proc/{engine}").exists(), "the engine is gone, too")
    daemon.start()
    assert daemon.row(made.torrent).labels == ["keep"]
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    assert payload.sha1(daemon.downloads / "one.bin") == payload.sha1(made.root / "one.bin")


def test_an_event_stream_goes_on_over_a_restart_of_the_supervisor(root: Path, daemon: Daemon) -> None:
    """It yields a resnapshot with the torrents of the new epoch, and then events."""
    made = payload.make(root / "seed", "one.bin", {"": MIB})
    with daemon.client.events() as events:
        daemon.client.add_torrent(metainfo=made.metainfo, paused=True)
        daemon.kill()
        daemon.start()
        for item in events:
            if isinstance(item, ouzel.Resnapshot):
                assert [row.torrent for row in item.torrents] == [made.torrent]
                break
        daemon.client.remove_torrent(made.torrent)
        for item in events:
            if isinstance(item, ouzel.Event) and item.type == "torrent_removed":
                break


def test_a_clean_stop_saves_what_was_fetched(root: Path, daemon: Daemon, slow_seed: Seed) -> None:
    """After SIGTERM and a new start, almost nothing is downloaded twice."""
    made = payload.make(root / "seed", "one.bin", {"": 48 * MIB})
    slow_seed.add(made.metainfo, made.root)
    daemon.client.add_torrent(metainfo=made.metainfo, peers=[slow_seed.endpoint])
    until(lambda: daemon.row(made.torrent).progress > 0.5, "half is there")
    assert daemon.stop() == 0
    daemon.start()
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    assert payload.sha1(daemon.downloads / "one.bin") == payload.sha1(made.root / "one.bin")
    assert slow_seed.uploaded() < made.size + 12 * MIB


def test_a_second_supervisor_on_the_same_directories_is_refused(daemon: Daemon) -> None:
    """The second one says so and exits with 75; the first one is not affected."""
    argv = [sys.executable, "-I", "-m", "supervisor", "--config", str(daemon.config)]
    second = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 75
    assert f"in use by another ouzeld (pid {daemon.pid})" in second.stderr
    until(daemon.healthy, "the first one is healthy")


def test_over_budget_reads_and_durable_changes_are_answered(root: Path) -> None:
    """Without an engine for long, the service is `unhealthy`, answers reads from the cache with their age, and stores
    changes for later.

    What needs an engine, as the judging of a source does, is refused at once.
    """
    made = payload.make(root / "seed", "one.bin", {"": MIB})
    with Daemon(root / "d", restart={"budget": 0}) as daemon:
        until(daemon.healthy, "the daemon is healthy")
        daemon.client.add_torrent(metainfo=made.metainfo, paused=True, wait="applied")
        daemon.kill_engine()
        until(lambda: daemon.client.health().status is HealthStatus.UNHEALTHY, "the daemon is unhealthy")
        first = daemon.row(made.torrent).age_ms
        assert first is not None
        until(lambda: (daemon.row(made.torrent).age_ms or 0) > first, "the cached row grows older")
        began = time.monotonic()
        with pytest.raises(ouzel.OuzelError, match="engine_unavailable"):
            daemon.client.add_torrent(magnet=f"magnet:?xt=urn:btih:{'ab' * 20}")
        assert time.monotonic() - began < 5
        daemon.client.resume(made.torrent)
        assert not daemon.row(made.torrent).paused
        assert daemon.stop() == 0
        daemon.start()
        daemon.until_state(made.torrent, TorrentState.DOWNLOADING)
        detail = daemon.client.get_torrent(made.torrent)
        assert (detail.paused, detail.applied_revision) == (False, detail.revision)
