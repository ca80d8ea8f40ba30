"""`throughput`: compares downloads of one torrent from one seed by Ouzel and by a bare libtorrent session.

Ouzel and the bare session get the same libtorrent settings, new processes, and an empty directory on the same disk. The
payload was just written, so it is in the page cache. Dirty pages of an earlier run are written out before the next run
begins. Ouzel and the bare session take turns to be first. The first run of each is not counted.

The bare session only downloads, and receives only the alerts that it needs. Two ends are measured:

- `finished`: the last piece has passed its hash check.
- `flushed`: the write cache has been written out. Ouzel's `completed` guarantees this.

The goal uses `finished`, because it is harder to reach.
"""

import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Annotated, Final, NamedTuple

import typer

from engine_proc.session.session_settings import DEFAULTS
from tools.bench.options import AsJson, Keep, SizeMib, WarmUp
from tools.bench.report import Check, Report, show, tell
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.payload import MIB, Torrent
from tools.rig.scratch import scratch
from tools.rig.seed import Seed
from tools.rig.waiting import until
from tools.rig.watcher import Watcher

GOAL: Final = 0.97


class Sample(NamedTuple):
    """One download. Times are in seconds.

    Fields:
        complete_s: for the bare session, from the add to `finished`. For Ouzel, from the acceptance of the add to
            `completed`.
        whole_s: for the bare session, from the add to `flushed`. For Ouzel, the whole run of `ouzel add --wait`.
        cpu_s: the CPU time of the downloading process. For Ouzel, that is the engine.
        others_cpu_s: the CPU time of the supervisor and the command line together.
        intact: whether the downloaded data equals the seeded data.
    """

    complete_s: float
    whole_s: float
    cpu_s: float
    others_cpu_s: float
    intact: bool


class Job(NamedTuple):
    """What to download: the torrent, its file and SHA-1, the seed's address, and a directory for one run."""

    made: Torrent
    file: Path
    sha1: str
    peer: str
    root: Path


def throughput(
    size: SizeMib = 1024,
    runs: Annotated[int, typer.Option(min=1, help="The number of counted runs.")] = 3,
    warm_up: WarmUp = True,
    as_json: AsJson = False,
    keep: Keep = False,
) -> None:
    """Compare Ouzel with bare libtorrent for one torrent, as a ratio."""
    bare: list[Sample] = []
    ouzel: list[Sample] = []
    contenders: list[tuple[str, Callable[[Job], Sample], list[Sample]]] = [
        ("bare libtorrent", _bare, bare),
        ("ouzel add --wait", through_ouzel, ouzel),
    ]
    with scratch(keep=keep) as root, Seed() as seed:
        tell(f"making {size} MiB")
        made = payload.make(root / "seed", "payload.bin", {"": size * MIB}, piece_size=MIB)
        seed.add(made.metainfo, made.root)
        file = root / "payload.torrent"
        file.write_bytes(made.metainfo)
        job = Job(made, file, payload.sha1(made.root / made.name), seed.endpoint, root / "run")
        for number in range(0 if warm_up else 1, runs + 1):
            for name, download, samples in contenders if number % 2 else reversed(contenders):
                sample = fresh(job, download)
                if number:
                    samples.append(sample)
                run = f"run {number} of {runs}" if number else "warm-up"
                tell(f"{run}: {name}: {_mbps(made.size, sample.complete_s)} MB/s")
    show(_report(made.size, bare, ouzel), as_json=as_json)


def fresh(job: Job, download: Callable[[Job], Sample]) -> Sample:
    """Runs one download into an empty directory, after all dirty pages were written out."""
    job.root.mkdir()
    os.sync()
    try:
        return download(job)
    finally:
        shutil.rmtree(job.root)


def _bare(job: Job) -> Sample:
    with Seed(settings=DEFAULTS) as downloader:
        done = downloader.download(job.made.metainfo, job.root, peer=job.peer)
    intact = payload.sha1(job.root / job.made.name) == job.sha1
    return Sample(done.finished_s, done.flushed_s, done.cpu_s, 0.0, intact)


def through_ouzel(job: Job, *, sandbox: str | None = None) -> Sample:
    """Downloads by the command line. `sandbox` is the engine's sandbox mode."""
    with Daemon(job.root / "d", sandbox=None if sandbox is None else {"mode": sandbox}) as daemon:
        until(daemon.healthy, "the daemon is healthy")
        with Watcher(daemon.runtime_dir) as watcher:
            before, children_before_s = daemon.client.stats(), _children_cpu_s()
            argv = [str(Path(sys.executable).with_name("ouzel")), "--runtime-dir", str(daemon.runtime_dir)]
            argv += ["add", str(job.file), "--peer", job.peer, "--wait", "--json"]
            began = time.monotonic()
            subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
            whole_s = time.monotonic() - began
            after, children_after_s = daemon.client.stats(), _children_cpu_s()
            accepted_us, completed_us = _when(watcher, "torrent_added"), _when(watcher, "completed")
        intact = payload.sha1(daemon.downloads / job.made.name) == job.sha1
    return Sample(
        complete_s=(completed_us - accepted_us) / 1e6,
        whole_s=whole_s,
        cpu_s=(after.engine.cpu_ms - before.engine.cpu_ms) / 1e3,
        others_cpu_s=(after.supervisor.cpu_ms - before.supervisor.cpu_ms) / 1e3 + children_after_s - children_before_s,
        intact=intact,
    )


def _when(watcher: Watcher, type_: str) -> int:
    """The time of the first event of this type, in microseconds of the daemon's wall clock."""
    return watcher.wait(lambda event: event.type == type_, f"`{type_}`").event.ts_us


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _mbps(size: int, seconds: float) -> str:
    return f"{size / seconds / 1e6:.1f}"


def _report(size: int, bare: list[Sample], ouzel: list[Sample]) -> Report:
    bare_s, flushed_s = median(each.complete_s for each in bare), median(each.whole_s for each in bare)
    ouzel_s, cli_s = median(each.complete_s for each in ouzel), median(each.whole_s for each in ouzel)
    ratio, flushed_ratio = bare_s / ouzel_s, flushed_s / ouzel_s
    rows = [
        (
            name,
            *(_mbps(size, sample.complete_s) for sample in samples),
            _mbps(size, median(sample.complete_s for sample in samples)),
            f"{median(sample.whole_s for sample in samples):.2f} s {whole}",
            f"{median(sample.cpu_s for sample in samples):.2f} s",
            f"{median(sample.others_cpu_s for sample in samples):.2f} s" if samples is ouzel else "",
        )
        for name, samples, whole in (("bare libtorrent", bare, "flushed"), ("ouzel", ouzel, "the CLI"))
    ]
    wrong = sum(not sample.intact for sample in (*bare, *ouzel))
    return Report(
        benchmark="throughput",
        columns=(
            "MB/s",
            *(f"RUN {number + 1}" for number in range(len(bare))),
            "MEDIAN",
            "WHOLE",
            "CPU",
            "OTHERS' CPU",
        ),
        rows=rows,
        checks=[
            Check("SHA-1 of every download", f"{wrong} differ", "0 differ", wrong == 0),
            Check("Ouzel / bare `finished`", f"{ratio:.3f}", f">= {GOAL}", ratio >= GOAL, must=False),
            Check("Ouzel / bare `flushed`", f"{flushed_ratio:.3f}", f">= {GOAL}", flushed_ratio >= GOAL, must=False),
        ],
        notes=[
            "CPU is that of the process that downloads, others' that of supervisor and command line: on a busy machine "
            "these are steadier than MB/s. With TMPDIR=/dev/shm the disk is left out.",
        ],
        document={
            "size_bytes": size,
            "bare": [sample._asdict() for sample in bare],
            "ouzel": [sample._asdict() for sample in ouzel],
            "median": {
                "bare_finished_s": bare_s,
                "bare_flushed_s": flushed_s,
                "ouzel_s": ouzel_s,
                "ouzel_cli_s": cli_s,
            },
            "ratio": ratio,
            "ratio_flushed": flushed_ratio,
        },
    )
