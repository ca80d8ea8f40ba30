"""`limit`: checks that the session's rate limit holds, and that no data of a deselected file is downloaded.

Both are measured at the seed. The seed counts each block when it sends the block. libtorrent's rate limiter sends in
bursts of up to two seconds. So the first bursts are ignored, and the rest is measured for at least ten seconds. The
rate is the slope of the line that fits all samples best. A burst at the end has little influence on that line.
"""

import time
from statistics import linear_regression
from typing import Annotated, Final

import typer

from ouzel.cli.display.units import format_size
from tools.bench.options import AsJson, Keep, SizeMib
from tools.bench.report import Check, Report, mb, show, tell
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.payload import MIB
from tools.rig.scratch import scratch
from tools.rig.seed import Seed
from tools.rig.waiting import until
from tools.rig.watcher import Watcher

SMALL_BUFFER: Final = {"recv_socket_buffer_size": 256 * 1024}
"""A small receive buffer. Otherwise the kernel accepts up to 32 MiB before the engine has read a byte."""
SETTLE_S: Final = 3.0
WINDOW_S: Final = 10.0
SAMPLE_S: Final = 0.25
TELL_EVERY: Final = 8
TOLERANCE: Final = 0.15
UNWANTED_MIB: Final = 64
FETCHED_BESIDES: Final = MIB
"""The number of bytes that may be downloaded beyond the selected file, because blocks are requested twice."""


def limit(
    mbps: Annotated[float, typer.Option(min=0.1, help="The limit, in MB/s.")] = 10.0,
    size: SizeMib = 200,
    as_json: AsJson = False,
    keep: Keep = False,
) -> None:
    """Check a global rate limit and a deselected file, both measured at the seed."""
    limit_bps = int(mbps * 1e6)
    shortest_s = SETTLE_S + WINDOW_S + 5
    if size * MIB < limit_bps * shortest_s:
        raise typer.BadParameter(f"at {mbps:g} MB/s a window takes {limit_bps * shortest_s / MIB:.0f} MiB or more")
    with scratch(keep=keep) as root, Seed() as seed, Daemon(root / "d", engine=SMALL_BUFFER) as daemon:
        files = {"wanted.bin": size * MIB, "unwanted.bin": UNWANTED_MIB * MIB}
        made = payload.make(root / "seed", "set", files, piece_size=MIB)
        seed.add(made.metainfo, made.root)
        until(daemon.healthy, "the daemon is healthy")
        daemon.client.update_limits(download_bps=limit_bps, wait="applied")
        with Watcher(daemon.runtime_dir) as watcher:
            daemon.client.add_torrent(metainfo=made.metainfo, peers=[seed.endpoint], exclude=["unwanted.bin"])
            until(seed.uploaded, "the download has begun")
            samples = _sample(seed, until_bytes=size * MIB - limit_bps)
            whole_s = (size * MIB - samples[-1][1]) / limit_bps * 3 + 30
            watcher.wait(lambda event: event.type == "completed", "the download is complete", patience_s=whole_s)
        fetched = seed.uploaded()
        intact = payload.sha1(daemon.downloads / "set" / "wanted.bin") == payload.sha1(made.root / "set" / "wanted.bin")
        unwanted = daemon.downloads / "set" / "unwanted.bin"
        stored = unwanted.stat().st_blocks * 512 if unwanted.exists() else 0
    show(_report(limit_bps, size * MIB, samples, fetched, stored, intact), as_json=as_json)


def _sample(seed: Seed, *, until_bytes: int) -> list[tuple[float, int]]:
    """Samples of time in seconds and bytes sent, from `SETTLE_S` on."""
    began = time.monotonic()
    time.sleep(SETTLE_S)
    samples: list[tuple[float, int]] = []
    while True:
        given = seed.uploaded()
        samples.append((time.monotonic() - began, given))
        if len(samples) % TELL_EVERY == 0:
            tell(f"{samples[-1][0]:4.1f} s: {mb(given)} given, {_slope(samples) / 1e6:.2f} MB/s")
        if given >= until_bytes:
            return samples
        time.sleep(SAMPLE_S)


def _slope(samples: list[tuple[float, int]]) -> float:
    """The rate in bytes per second: the slope of the best-fitting line."""
    return linear_regression([at for at, _ in samples], [given for _, given in samples]).slope


def _report(
    limit_bps: int, wanted: int, samples: list[tuple[float, int]], fetched: int, stored: int, intact: bool
) -> Report:
    (start, given_before), (end, given) = samples[0], samples[-1]
    window_s = end - start
    rate_bps = _slope(samples)
    ratio = rate_bps / limit_bps
    besides = fetched - wanted
    return Report(
        benchmark="limit",
        columns=("LIMIT", "MEASURED", "RATIO", "WINDOW"),
        rows=[(f"{limit_bps / 1e6:.1f} MB/s", f"{rate_bps / 1e6:.2f} MB/s", f"{ratio:.3f}", f"{window_s:.1f} s")],
        checks=[
            Check("window", f"{window_s:.1f} s", f">= {WINDOW_S:g} s", window_s >= WINDOW_S),
            Check("measured / limit", f"{ratio:.3f}", f"1 ± {TOLERANCE:g}", abs(ratio - 1) <= TOLERANCE),
            Check(
                f"given beyond the wanted {mb(wanted)}",
                format_size(besides),
                f"<= {mb(FETCHED_BESIDES)}",
                0 <= besides <= FETCHED_BESIDES,
            ),
            Check(f"of the deselected {mb(UNWANTED_MIB * MIB)} stored", format_size(stored), "0 B", stored == 0),
            Check("SHA-1 of the wanted file", "equal" if intact else "differs", "equal", intact),
        ],
        notes=[],
        document={
            "limit_bps": limit_bps,
            "measured_bps": rate_bps,
            "from_end_to_end_bps": (given - given_before) / window_s,
            "ratio": ratio,
            "window_s": window_s,
            "samples": [{"at_s": at, "given_bytes": given} for at, given in samples],
            "wanted_bytes": wanted,
            "fetched_bytes": fetched,
            "deselected_bytes": UNWANTED_MIB * MIB,
            "deselected_stored_bytes": stored,
        },
    )
