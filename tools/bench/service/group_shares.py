"""The cases of `limits --groups`: two torrents share the limit of their bandwidth group.

The other end measures the rates.
"""

import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import linear_regression
from typing import Final, NamedTuple

from protocol.wire.rows import TorrentState
from tools.bench.report import Check, Report, tell
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.payload import MIB, Torrent
from tools.rig.seed import Seed
from tools.rig.waiting import until

SETTLE_S: Final = 4.0
SAMPLE_S: Final = 0.25
TOLERANCE: Final = 0.10
ALONE_MIN: Final = 0.85
NEW_S: Final = 3.0
"""The time within which a torrent that is resumed has its part again: two seconds, and one to connect."""
EVEN: Final = 0.25
"""The tolerated deviation of each torrent from a half, while both are active."""


class Shares(NamedTuple):
    """The rates of one case, as fractions of the limit.

    Fields:
        together: the rate of both torrents.
        first: the rate of the first torrent, while both were active.
        alone: the rate of the first torrent while the second was paused.
        again: the rate of the second torrent, soon after it was resumed.
    """

    way: str
    together: float
    first: float
    alone: float
    again: float


def measure(root: Path, way: str, limit_bps: int, window_s: float, engine: Mapping[str, int | str | bool]) -> Shares:
    """Measures one direction, `down` or `up`."""
    size = int(limit_bps * (2 * SETTLE_S + 3 * window_s + NEW_S + 20)) // MIB * MIB
    made = [payload.make(root / "seed", name, {"a.bin": size}, piece_size=256 * 1024) for name in ("one", "two")]
    with Daemon(root / "d", engine=engine) as daemon, Seed(settings=engine) as seed:
        until(daemon.healthy, "the daemon is healthy")
        client = daemon.client
        client.put_group("pair", **{f"{way}load_bps": limit_bps}, wait="applied")
        for each in made:
            _begin(daemon, seed, each, root, way)
            client.update_options(each.torrent, group="pair", wait="applied")
        moved = [_counter(daemon, each.torrent, way) for each in made]
        both = seed.uploaded if way == "down" else seed.downloaded
        until(lambda: all(count() for count in moved), "both transfer")
        time.sleep(SETTLE_S)
        together, first = _rates(window_s, both, moved[0])
        client.pause(made[1].torrent, wait="applied")
        time.sleep(SETTLE_S)
        [alone] = _rates(window_s, both)
        client.resume(made[1].torrent, wait="applied")
        time.sleep(NEW_S)
        [again] = _rates(window_s, moved[1])
    shutil.rmtree(root)
    shares = Shares(way, together / limit_bps, first / limit_bps, alone / limit_bps, again / limit_bps)
    tell(f"{way}: {shares}")
    return shares


def report(found: list[Shares], limit_bps: int, window_s: float) -> Report:
    """The report on all cases."""
    checks = []
    for each in found:
        for what, ratio, good, wanted in (
            ("together", each.together, abs(each.together - 1) <= TOLERANCE, f"1 ± {TOLERANCE:g}"),
            ("one of two", each.first, abs(each.first - 0.5) <= EVEN, f"0.5 ± {EVEN:g}"),
            ("alone", each.alone, each.alone >= ALONE_MIN, f">= {ALONE_MIN:g}"),
            (f"{NEW_S:g} s after a resume", each.again, abs(each.again - 0.5) <= EVEN, f"0.5 ± {EVEN:g}"),
        ):
            checks.append(Check(f"{each.way} {what}", f"{ratio:.3f}", wanted, good))
    rows = [(each.way, *(f"{ratio:.3f}" for ratio in each[1:])) for each in found]
    return Report(
        benchmark="limits",
        columns=("GROUP", "TOGETHER", "FIRST", "ALONE", "RESUMED"),
        rows=rows,
        checks=checks,
        notes=[
            f"The rates are fractions of the group's limit, {limit_bps / 1e6:g} MB/s, in windows of {window_s:g} s."
        ],
        document={"window_s": window_s, "groups": [each._asdict() for each in found]},
    )


def _begin(daemon: Daemon, seed: Seed, made: Torrent, root: Path, way: str) -> None:
    client = daemon.client
    if way == "down":
        seed.add(made.metainfo, made.root)
        client.add_torrent(metainfo=made.metainfo, peers=[seed.endpoint], wait="applied")
        return
    there = daemon.downloads / made.name
    there.mkdir()
    (there / "a.bin").hardlink_to(made.root / made.name / "a.bin")
    client.add_torrent(metainfo=made.metainfo, seed_mode=True, wait="applied")
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    port = until(lambda: client.stats().session.listen_port, "the engine listens")
    seed.add(made.metainfo, root / "taken", peer=f"127.0.0.1:{port}", seed_mode=False)


def _counter(daemon: Daemon, torrent: str, way: str) -> Callable[[], int]:
    def count() -> int:
        row = daemon.row(torrent)
        return row.downloaded if way == "down" else row.uploaded

    return count


def _rates(seconds: float, *moved: Callable[[], int]) -> list[float]:
    """The rate of each counter, in bytes per second: the slope of the line that fits the samples best."""
    began = time.monotonic()
    times: list[float] = []
    samples: list[list[int]] = [[] for _ in moved]
    while not times or times[-1] < seconds:
        times.append(time.monotonic() - began)
        for each, count in zip(samples, moved, strict=True):
            each.append(count())
        time.sleep(SAMPLE_S)
    return [linear_regression(times, each).slope for each in samples]
