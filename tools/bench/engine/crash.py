"""`crash`: sends SIGKILL to the engine half way through a download. Measures what is downloaded or hashed twice.

The seed limits its rate within each tenth of a second. By default, libtorrent's rate limiter sends in bursts, twice a
second. With a limit of 60 MB/s, a burst has 30 MB. The engine is killed when the seed has sent a certain number of
bytes. With bursts of 30 MB, the kill would always be during a burst. `--bursts` keeps libtorrent's default.
"""

import time
from statistics import median
from typing import Annotated, Final, NamedTuple

import typer

from protocol.wire.rows import TorrentState
from tools.bench.options import AsJson, Keep, SizeMib
from tools.bench.report import Check, Report, mb, show, tell
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.payload import MIB, Torrent
from tools.rig.scratch import scratch
from tools.rig.seed import Seed
from tools.rig.waiting import until

PATIENCE_S: Final = 600.0
MEDIAN_GOAL: Final = 10e6
WORST_GOAL: Final = 20e6
STEADY: Final = {"tick_interval": 100}
KINDS: Final = ("v1", "v2", "hybrid")


class Run(NamedTuple):
    """One download with one kill.

    Fields:
        twice: the bytes downloaded beyond the torrent's size.
        hashed: the bytes that the new engine hashed before it continued.
        pieces: the number of pieces that the hashing found, and that the resume data did not have.
        blocks: the number of blocks of incomplete pieces that the hashing found.
        intact: whether the downloaded file has the right SHA-1.
    """

    kind: str
    twice: int
    hashed: int
    pieces: int
    blocks: int
    intact: bool
    seconds: float


def crash(
    runs: Annotated[
        int, typer.Option("--runs", min=1, help="The number of downloads of each kind, each with one kill.")
    ] = 10,
    size: SizeMib = 1024,
    kind: Annotated[str, typer.Option("--kind", help="The kind of torrent: v1, v2, hybrid or all.")] = "v1",
    piece_size: Annotated[int, typer.Option("--piece-size", metavar="MIB", min=1, help="The piece length.")] = 1,
    seed_mbps: Annotated[
        float, typer.Option(min=1, metavar="MBPS", help="The upload rate of the seed, in MB/s.")
    ] = 60.0,
    bursts: Annotated[bool, typer.Option("--bursts", help="Let the seed send bursts, twice a second.")] = False,
    as_json: AsJson = False,
    keep: Keep = False,
) -> None:
    """Kill the engine half way: what is downloaded twice, and what is hashed."""
    kinds = KINDS if kind == "all" else (kind,)
    if not set(kinds) <= set(KINDS):
        raise typer.BadParameter(f"{kind} is not one of {', '.join(KINDS)}, all", param_hint="--kind")
    settings = {} if bursts else STEADY
    done = []
    with scratch(keep=keep) as root:
        for each in kinds:
            tell(f"making {size} MiB, {each}")
            made = payload.make(root / each, "payload.bin", {"": size * MIB}, piece_size=piece_size * MIB, version=each)
            wanted = payload.sha1(made.root / made.name)
            for number in range(1, runs + 1):
                with (
                    Seed(upload_bps=int(seed_mbps * 1e6), settings=settings) as seed,
                    Daemon(root / f"{each}{number}") as daemon,
                ):
                    seed.add(made.metainfo, made.root)
                    run = _run(each, made, wanted, seed, daemon)
                    (daemon.downloads / made.name).unlink()
                done.append(run)
                tell(
                    f"{each}, run {number} of {runs}: {mb(run.twice)} fetched twice, {mb(run.hashed)} hashed, "
                    f"{run.pieces} pieces and {run.blocks} blocks found"
                )
            (made.root / made.name).unlink()
    show(_report(size * MIB, kinds, done, bursts=bursts), as_json=as_json)


def _run(kind: str, made: Torrent, wanted: str, seed: Seed, daemon: Daemon) -> Run:
    began = time.monotonic()
    daemon.client.add_torrent(metainfo=made.metainfo, peers=[seed.endpoint])
    until(lambda: seed.uploaded() >= made.size // 2, "half is given", patience_s=PATIENCE_S)
    daemon.kill_engine()
    daemon.until_state(made.torrent, TorrentState.SEEDING, patience_s=PATIENCE_S)
    seconds = time.monotonic() - began
    intact = payload.sha1(daemon.downloads / made.name) == wanted
    found = daemon.logged("pieces_found")
    hashed, pieces, blocks = (
        sum(int(each[name]) for each in found) for name in ("hashed_bytes", "pieces", "blocks_offered")
    )
    return Run(kind, seed.uploaded() - made.size, hashed, pieces, blocks, intact, seconds)


def _report(size: int, kinds: tuple[str, ...], done: list[Run], *, bursts: bool) -> Report:
    rows: list[tuple[str, ...]] = []
    checks = []
    for kind in kinds:
        runs = [run for run in done if run.kind == kind]
        twice, hashed = [run.twice for run in runs], [run.hashed for run in runs]
        broken = sum(not run.intact for run in runs)
        middle, worst = median(twice), max(twice)
        rows += [
            (f"{kind}: fetched twice", mb(middle), mb(worst)),
            (f"{kind}: hashed after the kill", mb(median(hashed)), mb(max(hashed))),
            (f"{kind}: pieces found by it", *_counts([run.pieces for run in runs])),
            (f"{kind}: blocks of others offered", *_counts([run.blocks for run in runs])),
        ]
        checks += [
            Check(f"{kind}: SHA-1 of every download", f"{broken} differ", "0 differ", broken == 0),
            Check(
                f"{kind}: fetched twice, median", mb(middle), f"<= {mb(MEDIAN_GOAL)}", middle <= MEDIAN_GOAL, must=False
            ),
            Check(f"{kind}: fetched twice, worst", mb(worst), f"<= {mb(WORST_GOAL)}", worst <= WORST_GOAL, must=False),
            Check(f"{kind}: no full recheck", mb(max(hashed)), f"< {mb(size / 2)}", max(hashed) < size / 2),
        ]
    how = "in bursts of half a second" if bursts else "evenly"
    return Report(
        benchmark=f"crash {' '.join(kinds)}",
        columns=("", "MEDIAN", "MAX"),
        rows=rows,
        checks=checks,
        notes=[f"{len(done)} runs of {mb(size)}, killed when the seed had given half. It gives {how}."],
        document={"kinds": kinds, "size_bytes": size, "bursts": bursts, "runs": [run._asdict() for run in done]},
    )


def _counts(counts: list[int]) -> tuple[str, str]:
    return f"{median(counts):g}", str(max(counts))
