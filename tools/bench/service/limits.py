"""`limits`: checks at the other end that rate limits hold for 20 seconds, and change within two seconds.

The cases are global and per-torrent limits for download and upload, and the alternative limits. Each case runs over TCP
and uTP.

The other end is a bare session without a limit, and its counter of payload bytes is read. By default libtorrent counts
the overhead of IP towards the limits (`rate_limit_ip_overhead`). The benchmark turns that off. libtorrent sends in
bursts of up to two seconds. So the rate is the slope of the line that fits all samples best, as in `limit`.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression
from typing import Annotated, Any, Final

import typer

from protocol.wire.rows import TorrentState
from tools.bench.options import AsJson, Keep
from tools.bench.report import Check, Report, show, tell
from tools.bench.service import group_shares
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.payload import MIB, Torrent
from tools.rig.scratch import scratch
from tools.rig.seed import Seed
from tools.rig.waiting import until

SETTLE_S: Final = 3.0
"""The time before the first window. In this time libtorrent uses up a quota that it has saved."""
CHANGE_S: Final = 2.0
"""The time within which a changed limit holds."""
AFTER_CHANGE_S: Final = 20.0
"""The time of a measurement, so long that one of libtorrent's bursts hardly matters."""
SAMPLE_S: Final = 0.25
TOLERANCE: Final = 0.10
FACTOR: Final = 2
"""A changed limit is the old limit divided by this number."""
SMALL_BUFFER: Final = 256 * 1024
ENGINE: Final = {
    "recv_socket_buffer_size": SMALL_BUFFER,
    "send_socket_buffer_size": SMALL_BUFFER,
    "rate_limit_ip_overhead": False,
}
TRANSPORTS: Final[dict[str, dict[str, bool]]] = {
    transport: {
        f"enable_{way}_{kind}": kind == transport for way in ("incoming", "outgoing") for kind in ("tcp", "utp")
    }
    for transport in ("tcp", "utp")
}


@dataclass(frozen=True)
class Case:
    """One measurement.

    Fields:
        scope: the kind of limit: `global`, `torrent` or `alternative`.
        way: `down` or `up`.
    """

    scope: str
    way: str
    transport: str
    limit_bps: int
    measured_bps: float
    changed_bps: float

    @property
    def ratio(self) -> float:
        """The measured rate divided by the limit."""
        return self.measured_bps / self.limit_bps

    @property
    def changed_ratio(self) -> float:
        """The measured rate after the change, divided by the changed limit."""
        return self.changed_bps * FACTOR / self.limit_bps


def limits(
    mbps: Annotated[float, typer.Option(min=0.1, help="The limit, in MB/s.")] = 2.0,
    window: Annotated[float, typer.Option(metavar="S", min=2, help="How long each rate is measured.")] = 20.0,
    transport: Annotated[str, typer.Option(help="tcp, utp or both.")] = "both",
    groups: Annotated[
        bool, typer.Option("--groups", help="Check bandwidth groups instead: two torrents share a limit, over TCP.")
    ] = False,
    as_json: AsJson = False,
    keep: Keep = False,
) -> None:
    """Check global, per-torrent and alternative rate limits, down and up, over TCP and uTP, at the other end."""
    limit_bps = int(mbps * 1e6)
    if groups:
        with scratch(keep=keep) as root:
            shares = [
                group_shares.measure(root / way, way, limit_bps, window, {**ENGINE, **TRANSPORTS["tcp"]})
                for way in ("down", "up")
            ]
        show(group_shares.report(shares, limit_bps, window), as_json=as_json)
        return
    transports = [each for each in TRANSPORTS if transport in (each, "both")]
    if not transports:
        raise typer.BadParameter("tcp, utp or both")
    size = int(limit_bps * (SETTLE_S + window + CHANGE_S + AFTER_CHANGE_S + 20)) // MIB * MIB
    with scratch(keep=keep) as root:
        made = payload.make(root / "seed", "set", {"a.bin": size}, piece_size=256 * 1024)
        cases = [
            _measure(root / f"{kind}-{way}-{scope}", made, scope, way, kind, limit_bps, window)
            for kind in transports
            for way in ("down", "up")
            for scope in ("global", "torrent", "alternative")
        ]
    show(_report(cases, window), as_json=as_json)


def _measure(root: Path, made: Torrent, scope: str, way: str, transport: str, limit_bps: int, window_s: float) -> Case:
    other = "alternative" if scope == "alternative" else "none"
    limits: dict[str, Any] = {"alternative": {f"{way}load_bps": limit_bps}} if other == "alternative" else {}
    with (
        Daemon(root, engine={**ENGINE, **TRANSPORTS[transport]}, limits=limits) as daemon,
        Seed(settings={**ENGINE, **TRANSPORTS[transport], "utp_target_delay": 100}) as seed,
    ):
        until(daemon.healthy, "the daemon is healthy")
        change = _limiter(daemon, made.torrent, scope, way)
        with _transfer(daemon, seed, made, root, way, lambda: change(limit_bps)) as moved:
            time.sleep(SETTLE_S)
            measured = _rate(moved, window_s)
            change(limit_bps // FACTOR)
            time.sleep(CHANGE_S)
            changed = _rate(moved, AFTER_CHANGE_S)
    shutil.rmtree(root)
    case = Case(scope, way, transport, limit_bps, measured, changed)
    tell(f"{transport} {way} {scope}: {case.ratio:.3f} of the limit, {case.changed_ratio:.3f} of the changed one")
    return case


def _limiter(daemon: Daemon, torrent: str, scope: str, way: str) -> Callable[[int], None]:
    """A function that sets the limit of a case. At first the configured alternative limits apply."""
    key = f"{way}load_bps"

    def change(bps: int) -> None:
        if scope == "torrent":
            daemon.client.update_limits(torrent, **_only(key, bps), wait="applied")
        elif scope == "global":
            daemon.client.update_limits(**_only(key, bps), wait="applied")
        elif next(daemon.client.snapshot(limit=1)).settings.alternative.in_force:  # type: ignore[union-attr]  # configured
            # Back to the normal limits, which have the changed value.
            daemon.client.update_limits(**_only(key, bps), alternative=False, wait="applied")
        else:
            daemon.client.update_limits(alternative=True, wait="applied")

    return change


def _only(key: str, bps: int) -> dict[str, Any]:
    return {key: bps}


@contextmanager
def _transfer(
    daemon: Daemon, seed: Seed, made: Torrent, root: Path, way: str, begin: Callable[[], None]
) -> Iterator[Callable[[], int]]:
    """A transfer between daemon and seed. Yields a function that returns how many bytes the seed has moved.

    Args:
        begin: sets the limit. It is called once the daemon has the torrent, before any transfer.
    """
    if way == "down":
        seed.add(made.metainfo, made.root)
        daemon.client.add_torrent(metainfo=made.metainfo, paused=True, wait="applied")
        begin()
        daemon.client.resume(made.torrent)
        daemon.client.add_peers(made.torrent, [seed.endpoint])
        moved = seed.uploaded
    else:
        daemon.client.add_torrent(
            metainfo=made.metainfo, save_path=str(_linked(daemon, made)), seed_mode=True, wait="applied"
        )
        begin()
        daemon.until_state(made.torrent, TorrentState.SEEDING)
        port = until(lambda: daemon.client.stats().session.listen_port, "the engine listens")
        seed.add(made.metainfo, root / "taken", peer=f"127.0.0.1:{port}", seed_mode=False)
        moved = seed.downloaded
    until(moved, "the transfer has begun")
    yield moved


def _linked(daemon: Daemon, made: Torrent) -> Path:
    """A directory below the download root with the payload, by hard links."""
    there = daemon.downloads / "set"
    there.mkdir()
    (there / "a.bin").hardlink_to(made.root / "set" / "a.bin")
    return daemon.downloads


def _rate(moved: Callable[[], int], seconds: float) -> float:
    """The rate during some seconds, in bytes per second."""
    began, samples = time.monotonic(), [(0.0, moved())]
    while samples[-1][0] < seconds:
        time.sleep(SAMPLE_S)
        samples.append((time.monotonic() - began, moved()))
    return linear_regression([at for at, _ in samples], [count for _, count in samples]).slope


def _report(cases: list[Case], window_s: float) -> Report:
    rows = [
        (
            f"{case.transport} {case.way} {case.scope}",
            f"{case.limit_bps / 1e6:.2f} MB/s",
            f"{case.measured_bps / 1e6:.2f} MB/s",
            f"{case.ratio:.3f}",
            f"{case.changed_ratio:.3f}",
        )
        for case in cases
    ]
    checks = []
    for case in cases:
        name = f"{case.transport} {case.way} {case.scope}"
        for what, ratio, tolerance in (
            (f"{window_s:g} s", case.ratio, TOLERANCE),
            (f"{CHANGE_S:g} s after a change", case.changed_ratio, TOLERANCE),
        ):
            wanted = f"1 ± {tolerance:g}"
            checks.append(Check(f"{name}, {what}", f"{ratio:.3f}", wanted, abs(ratio - 1) <= tolerance))
    return Report(
        benchmark="limits",
        columns=("CASE", "LIMIT", "MEASURED", "RATIO", "CHANGED"),
        rows=rows,
        checks=checks,
        notes=[f"CHANGED: the rate from {CHANGE_S:g} s after the limit was changed under load, by the changed limit."],
        document={"window_s": window_s, "cases": [vars(case) | {"ratio": case.ratio} for case in cases]},
    )
