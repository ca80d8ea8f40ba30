"""The warm spare of a real daemon: it becomes the next engine, its death costs nothing, and it outlives no daemon."""

import os
import signal
from pathlib import Path

import psutil
import pytest

from protocol.wire.rows import TorrentState
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.payload import MIB
from tools.rig.waiting import until

pytestmark = pytest.mark.process


def spare(daemon: Daemon) -> int:
    """Waits until a spare is ready, and returns its pid."""

    def ready() -> int | None:
        gen = daemon.client.health().engine.gen
        heard = {line["gen"] for line in daemon.logged("spare_ready")}
        known = {line["gen"]: line["pid"] for line in daemon.logged("spare_spawned")}
        dead = {line["gen"] for line in daemon.logged("spare_exited")}
        return next((known[each] for each in sorted(heard - dead, reverse=True) if each > gen), None)

    return until(ready, "a spare is ready")


def gone(pid: int) -> bool:
    """Whether the process has been reaped; the supervisor takes a moment for its children."""
    return not Path(f"/proc/{pid}").exists()


def test_the_spare_is_the_next_engine_and_is_replaced(root: Path) -> None:
    """The engine is killed twice, and its torrent is loaded again each time. Killing a spare causes no outage."""
    made = payload.make(root / "d" / "downloads", "one.bin", {"": MIB})
    with Daemon(root / "d") as daemon:
        daemon.client.add_torrent(metainfo=made.metainfo, seed_mode=True)
        daemon.until_state(made.torrent, TorrentState.SEEDING)
        for restarts in (1, 2):
            waiting = spare(daemon)
            children = {child.pid for child in psutil.Process(daemon.pid).children()}
            assert children == {daemon.engine_pid(), waiting}
            assert psutil.Process(waiting).net_connections("inet") == [], "it has no ports"
            daemon.kill_engine()
            until(lambda: daemon.client.health().engine.pid == waiting, "the spare is the engine")  # noqa: B023
            assert daemon.client.health().engine.restarts == restarts
            until(daemon.healthy, "all is back")
            daemon.until_state(made.torrent, TorrentState.SEEDING)
        engine, waiting = daemon.engine_pid(), spare(daemon)
        os.kill(waiting, signal.SIGKILL)
        until(lambda: spare(daemon) != waiting, "another spare")
        health = daemon.client.health()
        assert (health.engine.pid, health.engine.restarts, daemon.healthy()) == (engine, 2, True)
        assert gone(waiting)


@pytest.mark.parametrize("clean", [True, False])
def test_the_spare_does_not_outlive_the_supervisor(root: Path, clean: bool) -> None:
    """It ends with a stop and with a SIGKILL, and leaves nothing that hinders the next supervisor."""
    with Daemon(root / "d") as daemon:
        children = [spare(daemon), daemon.engine_pid()]
        if clean:
            assert daemon.stop() == 0
        else:
            daemon.kill()
        until(lambda: all(map(gone, children)), "both engines are gone")
        daemon.start()
        until(daemon.healthy, "the next one is healthy")
