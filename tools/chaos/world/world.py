"""The world of a run: a real daemon with failpoints, a gateway, a seed behind a relay, and a tracker."""

import contextlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from tools.chaos.history.entries import Supervisor
from tools.chaos.history.recorder import Recorder, now
from tools.chaos.plan.making import CATEGORIES
from tools.chaos.plan.plan import Header
from tools.chaos.traffic import torrents
from tools.chaos.traffic.torrents import Source
from tools.chaos.world import processes
from tools.chaos.world.disturbed import DisturbedTracker, Relay
from tools.engines.failpoints import Failpoints
from tools.rig import mounts
from tools.rig.daemon import Daemon
from tools.rig.gateway import GatewayProcess
from tools.rig.mounts import Mount
from tools.rig.seed import Seed
from tools.rig.waiting import until

SEED_BPS: Final = 3_000_000
DISK_BYTES: Final = 48 * 1024 * 1024
RESTART: Final = {"budget": 100_000, "max_delay_s": 0.5}


class World:
    """The processes and directories of one run.

    Fields:
        disk: the file system of the resume directory; None if mounting is not allowed.
        places: two save paths on two file systems, if mounting is allowed.
        failpoints: the failpoints of the engines.
        gateway: the gateway.
        canary: a directory beside the roots that nobody may touch.
    """

    def __init__(
        self, root: Path, header: Header, recorder: Recorder, disk: Mount | None, places: list[Path], seed: Seed
    ) -> None:
        self.root = root
        self.recorder = recorder
        self.disk = disk
        self.places = places
        self.seed = seed
        self.failpoints = Failpoints(root / "failpoints")
        self.daemon = Daemon(
            root / "d",
            roots=[places[1].parent],
            restart=RESTART,
            engine_module="tools.engines.failpoint_engine",
            environment=self.failpoints.environment,
        )
        self.sources: list[Source] = torrents.make(header, root / "seeded")
        for source in self.sources:
            if source.made is not None:
                seed.add(source.made.metainfo, source.made.root)
        self.relay = Relay(seed.endpoint)
        self.tracker = DisturbedTracker()
        self.gateway: GatewayProcess
        self.canary = root / "canary"
        self.canary.mkdir()
        self.canary_text = "nobody changes this"
        (self.canary / "file").write_text(self.canary_text)
        self._pid = 0

    @property
    def runtime_dir(self) -> Path:
        """The daemon's runtime directory."""
        return self.daemon.runtime_dir

    def supervisor(self) -> int:
        """The pid of the running supervisor. 0 while no supervisor should run."""
        return self._pid

    def start(self) -> None:
        """Starts the daemon, and records its process."""
        self.daemon.start()
        pid = self.daemon.pid
        self.recorder.record(Supervisor(at=now(), pid=pid, started=processes.started(pid)))
        self._pid = pid

    def kill(self) -> None:
        """Sends SIGKILL to the supervisor."""
        self._note_end()
        self.daemon.kill()

    def stop(self) -> int:
        """Ends the daemon by SIGTERM. Returns its exit code."""
        self._note_end()
        return self.daemon.stop()

    def ending(self) -> None:
        """Notes that the supervisor is ended on purpose from now on."""
        self._note_end()

    def _note_end(self) -> None:
        self.recorder.record(Supervisor(at=now(), pid=self.daemon.pid, started=0))
        self._pid = 0

    def close(self) -> None:
        """Ends everything."""
        for failpoint in self.failpoints.armed():
            self.failpoints.lift(failpoint)
        self.relay.close()
        self.tracker.close()
        self.daemon.close()


@contextmanager
def world(root: Path, header: Header, recorder: Recorder) -> Iterator[World]:
    """A running world without torrents."""
    with ExitStack() as stack:
        disk, other = None, root / "other"
        if mounts.refusal() is None:
            (root / "d").mkdir()
            disk = stack.enter_context(mounts.tmpfs(root / "d/resume", DISK_BYTES))
            stack.enter_context(mounts.tmpfs(other, 2 * DISK_BYTES))
        other.mkdir(exist_ok=True)
        places = [root / "d/downloads/chaos", other / "chaos"]
        for place in places:
            place.mkdir(parents=True)
        seed = stack.enter_context(Seed(upload_bps=SEED_BPS, settings={"tick_interval": 100}))
        made = World(root, header, recorder, disk, places, seed)
        stack.callback(made.close)
        made.start()
        for category in CATEGORIES:
            made.daemon.client.put_category(category)
        until(made.daemon.healthy, "the daemon is healthy")
        made.gateway = stack.enter_context(GatewayProcess(root / "d"))
        yield made
        with contextlib.suppress(Exception):
            made.gateway.close()
