"""`sandbox`: measures the costs of the sandbox.

Downloads and restarts are made with the sandbox and without it, in turns.

Both variants are Ouzel with the same settings and the same seed. Only `[sandbox] mode` differs. The downloads are made
as in `throughput`. The kills are made as in `failover` with the warm spare. A first download of each variant is not
counted.
"""

from functools import partial
from statistics import median
from typing import Annotated, Final

import typer

from tools.bench.engine import failover
from tools.bench.engine.failover import Kill
from tools.bench.options import AsJson, Keep, SizeMib, WarmUp
from tools.bench.report import Check, Report, show, tell
from tools.bench.service import throughput
from tools.bench.service.throughput import Job, Sample
from tools.rig import payload
from tools.rig.payload import MIB
from tools.rig.scratch import scratch
from tools.rig.seed import Seed

MODES: Final = ("require", "off")
GOAL: Final = 0.97
"""The goal: the ratio of the throughput to that without sandbox. The goal for the time of restarts is the inverse."""


def sandbox(
    size: SizeMib = 1024,
    runs: Annotated[int, typer.Option(min=1, help="The number of counted downloads of each variant.")] = 3,
    kills: Annotated[int, typer.Option(min=1, help="The number of kills in each of two series of each variant.")] = 20,
    warm_up: WarmUp = True,
    as_json: AsJson = False,
    keep: Keep = False,
) -> None:
    """Compare downloads and restarts with and without the engine's sandbox, as ratios."""
    downloads: dict[str, list[Sample]] = {mode: [] for mode in MODES}
    restarts: dict[str, list[Kill]] = {mode: [] for mode in MODES}
    with scratch(keep=keep) as root:
        with Seed() as seed:
            tell(f"making {size} MiB")
            made = payload.make(root / "seed", "payload.bin", {"": size * MIB}, piece_size=MIB)
            seed.add(made.metainfo, made.root)
            file = root / "payload.torrent"
            file.write_bytes(made.metainfo)
            job = Job(made, file, payload.sha1(made.root / made.name), seed.endpoint, root / "run")
            for number in range(0 if warm_up else 1, runs + 1):
                for mode in MODES if number % 2 else reversed(MODES):
                    sample = throughput.fresh(job, partial(throughput.through_ouzel, sandbox=mode))
                    if number:
                        downloads[mode].append(sample)
                    tell(f"download {number} of {runs}, {mode}: {size * MIB / sample.complete_s / 1e6:.1f} MB/s")
        for number, mode in enumerate((*MODES, *reversed(MODES))):
            with failover.daemon_for(root / f"{number}", kills, warm=True, sandbox=mode) as daemon:
                restarts[mode] += failover.measure(daemon, kills, warm=True)
    show(_report(size * MIB, downloads, restarts), as_json=as_json)


def _report(size: int, downloads: dict[str, list[Sample]], restarts: dict[str, list[Kill]]) -> Report:
    complete_s = {mode: median(each.complete_s for each in downloads[mode]) for mode in MODES}
    cpu_s = {mode: median(each.cpu_s for each in downloads[mode]) for mode in MODES}
    served_s = {mode: median(each.served_s for each in restarts[mode]) for mode in MODES}
    ratios = {
        "throughput": complete_s["off"] / complete_s["require"],
        "cpu": cpu_s["require"] / cpu_s["off"],
        "restart": served_s["require"] / served_s["off"],
    }
    wrong = sum(not sample.intact for samples in downloads.values() for sample in samples)
    return Report(
        benchmark=f"sandbox, {len(downloads['off'])} downloads and {len(restarts['off'])} kills of each",
        columns=("SANDBOX", "MB/s", "ENGINE'S CPU", "KILLED TO SERVED, P50"),
        rows=[
            (mode, f"{size / complete_s[mode] / 1e6:.1f}", f"{cpu_s[mode]:.2f} s", f"{served_s[mode] * 1e3:.1f} ms")
            for mode in MODES
        ],
        checks=[
            Check("SHA-1 of every download", f"{wrong} differ", "0 differ", wrong == 0),
            Check(
                "throughput, with / without",
                f"{ratios['throughput']:.3f}",
                f">= {GOAL}",
                ratios["throughput"] >= GOAL,
                must=False,
            ),
            Check(
                "restart, with / without",
                f"{ratios['restart']:.3f}",
                f"<= {1 / GOAL:.2f}",
                ratios["restart"] <= 1 / GOAL,
                must=False,
            ),
        ],
        notes=["On a busy machine CPU is steadier than MB/s."],
        document={
            "size_bytes": size,
            "downloads": {mode: [each._asdict() for each in samples] for mode, samples in downloads.items()},
            "restarts": {mode: [each._asdict() for each in kills] for mode, kills in restarts.items()},
            "ratios": ratios,
        },
    )
