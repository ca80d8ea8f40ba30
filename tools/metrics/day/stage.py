"""The processes of the day: a daemon with two small file systems, a seed, gateways, and Prometheus."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from tools.engines.failpoints import Failpoints
from tools.metrics.dashboard import rules
from tools.metrics.prometheus import Prometheus
from tools.metrics.scraping import only_metrics
from tools.rig import mounts, payload
from tools.rig.daemon import Daemon
from tools.rig.gateway import GatewayProcess, free_port
from tools.rig.mounts import Mount
from tools.rig.payload import MIB, Torrent
from tools.rig.samples import SampleTorrent, noise
from tools.rig.seed import Seed
from tools.rig.waiting import until

LASTS: Final = "2s"
"""The duration of each alert in the day."""

SMALL: Final = 24 * MIB
UPLOAD_BPS: Final = 4 * MIB
_RESTART: Final = {"budget": 100, "window_s": 60, "max_delay_s": 8}
_FAILING_HOOK: Final = '{ events = ["completed"], command = ["/bin/false"], time_limit_s = 5 }'


class Stage(NamedTuple):
    """All processes.

    Fields:
        gateway: serves all interfaces.
        whole, alone: the addresses of the metrics of that gateway, and of `--only metrics`.
        resume, small: the file systems of the resume directory and of a second download root.
        made: two torrents that the seed has.
        samples: small torrents that are complete.
    """

    daemon: Daemon
    seed: Seed
    leech: Seed
    failpoints: Failpoints
    gateway: GatewayProcess
    prometheus: Prometheus
    whole: str
    alone: str
    resume: Mount
    small: Mount
    made: tuple[Torrent, Torrent]
    samples: list[SampleTorrent]


@contextmanager
def stage(root: Path, program: str) -> Iterator[Stage]:
    """A context in which all processes run, and Prometheus has scraped both gateways."""
    with ExitStack() as stack:
        resume = stack.enter_context(mounts.tmpfs(root / "d" / "resume", SMALL))
        small = stack.enter_context(mounts.tmpfs(root / "small", SMALL))
        failpoints = Failpoints(root / "failpoints")
        daemon = Daemon(
            root / "d",
            roots=[small.path],
            restart=_RESTART,
            engine_module="tools.engines.failpoint_engine",
            environment=failpoints.environment,
        )
        whole = f"127.0.0.1:{free_port()}"
        with daemon.config.open("a") as config:
            config.write(f'[hooks]\nrun = [{_FAILING_HOOK}]\n[metrics]\nlisten = "{whole}"\n')
        stack.enter_context(daemon)
        until(daemon.healthy, "the daemon is healthy")
        gateway = stack.enter_context(GatewayProcess(daemon.root))
        alone = stack.enter_context(only_metrics(daemon))
        seed = stack.enter_context(Seed(upload_bps=UPLOAD_BPS))
        leech = stack.enter_context(Seed())
        text = rules.text(lasts=LASTS)
        prometheus = stack.enter_context(Prometheus(program, root / "prometheus", [whole, alone], text))
        until(lambda: prometheus.targets_up() == 2, "Prometheus has scraped both gateways")
        first = payload.make(root / "seed", "first", {"": 24 * MIB})
        second = payload.make(root / "seed", "second", {"": 20 * MIB})
        for each in (first, second):
            seed.add(each.metainfo, each.root)
        samples = [
            SampleTorrent(f"sample {number:02}", {"": noise(20_000, number)}, single=True) for number in range(12)
        ]
        yield Stage(
            daemon,
            seed,
            leech,
            failpoints,
            gateway,
            prometheus,
            whole,
            alone,
            resume,
            small,
            (first, second),
            samples,
        )
