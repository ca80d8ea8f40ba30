"""`crash`: SIGKILL to the engine half way through a download, and what was fetched or hashed twice for it."""

import json
import time
from statistics import median
from typing import Annotated, Final, NamedTuple

import typer

from protocol.rows import TorrentState
from tests.bench.options import AsJson, Keep, SizeMib
from tests.bench.report import Check, Report, mb, show, tell
from tests.rig import payload
from tests.rig.daemon import Daemon
from tests.rig.payload import MIB, Torrent
from tests.rig.scratch import scratch
from tests.rig.seed import Seed
from tests.rig.waiting import until

PATIENCE_S: Final = 600.0
MEDIAN_GOAL: Final = 10e6
WORST_GOAL: Final = 20e6


class Run(NamedTuple):
    """One download with one kill: bytes fetched beyond the torrent's size, bytes hashed after the kill, equal SHA-1."""

    twice: int
    hashed: int
    intact: bool
    seconds: float


def crash(
    runs: Annotated[int, typer.Option("--runs", min=1, help="Downloads, each with one kill.")] = 10,
    size: SizeMib = 1024,
    kind: Annotated[str, typer.Option("--kind", help="v1, v2 or hybrid.")] = "v1",
    seed_mbps: Annotated[float, typer.Option(min=1, metavar="MBPS", help="What the seed gives, in MB/s.")] = 60.0,
    as_json: AsJson = False,
    keep: Keep = False,
) -> None:
    """The engine killed half way: what is fetched twice, and what is hashed."""
    with scratch(keep=keep) as root:
        tell(f"making {size} MiB, {kind}")
        made = payload.make(root / "seed", "payload.bin", {"": size * MIB}, piece_size=MIB, version=kind)
        wanted = payload.sha1(made.root / made.name)
        done = []
        for number in range(1, runs + 1):
            with Seed(upload_bps=int(seed_mbps * 1e6)) as seed, Daemon(root / f"d{number}") as daemon:
                seed.add(made.metainfo, made.root)
                done.append(_run(made, wanted, seed, daemon))
                (daemon.downloads / made.name).unlink()
            tell(f"run {number} of {runs}: {mb(done[-1].twice)} fetched twice, {mb(done[-1].hashed)} hashed")
    show(_report(made.size, kind, done), as_json=as_json)


def _run(made: Torrent, wanted: str, seed: Seed, daemon: Daemon) -> Run:
    began = time.monotonic()
    daemon.client.add_torrent(metainfo=made.metainfo, peers=[seed.endpoint])
    until(lambda: seed.uploaded() >= made.size // 2, "half is given", patience_s=PATIENCE_S)
    daemon.kill_engine()
    daemon.until_state(made.torrent, TorrentState.SEEDING, patience_s=PATIENCE_S)
    seconds = time.monotonic() - began
    intact = payload.sha1(daemon.downloads / made.name) == wanted
    return Run(seed.uploaded() - made.size, _hashed(daemon), intact, seconds)


def _hashed(daemon: Daemon) -> int:
    """What the engine's log says that it hashed when it was restarted."""
    lines = (json.loads(line) for line in daemon.log.read_text().splitlines() if line.startswith("{"))
    return sum(int(line["hashed_bytes"]) for line in lines if line.get("event") == "pieces_found")


def _report(size: int, kind: str, done: list[Run]) -> Report:
    twice, hashed = [run.twice for run in done], [run.hashed for run in done]
    broken = sum(not run.intact for run in done)
    middle, worst = median(twice), max(twice)
    return Report(
        benchmark=f"crash {kind}",
        columns=("", "MEDIAN", "MAX"),
        rows=[
            ("fetched twice", mb(middle), mb(worst)),
            ("hashed after the kill", mb(median(hashed)), mb(max(hashed))),
        ],
        checks=[
            Check("SHA-1 of every download", f"{broken} differ", "0 differ", broken == 0),
            Check("fetched twice, median", mb(middle), f"<= {mb(MEDIAN_GOAL)}", middle <= MEDIAN_GOAL, must=False),
            Check("fetched twice, worst", mb(worst), f"<= {mb(WORST_GOAL)}", worst <= WORST_GOAL, must=False),
            Check("no full recheck", mb(max(hashed)), f"< {mb(size / 2)}", max(hashed) < size / 2),
        ],
        notes=[f"{len(done)} runs of {mb(size)}, killed when the seed had given half."],
        document={"kind": kind, "size_bytes": size, "runs": [run._asdict() for run in done]},
    )
