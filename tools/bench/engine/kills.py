"""`kills`: repeatedly sends SIGKILL to the engine during one download, while a client sends requests.

The engine is killed each time the seed has sent another equal share of the payload. So on any machine the download is
still incomplete at the last kill. The requests change a second torrent, and do not affect the measured torrent. The
restart budget is above the number of kills. The back-off is the default.
"""

import os
import signal
import time
from collections.abc import Callable
from statistics import median, quantiles
from typing import Annotated, Any, Final, NamedTuple

import typer

import ouzel
from tools.bench.options import AsJson, Keep, SizeMib
from tools.bench.report import Check, Report, mb, show, tell
from tools.rig import payload
from tools.rig.clients.chatter import Book, Chatter
from tools.rig.daemon import Daemon
from tools.rig.payload import MIB, Torrent
from tools.rig.scratch import scratch
from tools.rig.seed import Seed
from tools.rig.waiting import until
from tools.rig.watcher import Watcher

PATIENCE_S: Final = 600.0
TWICE_GOAL: Final = 10e6
"""The goal: how many bytes per kill may be downloaded twice."""


class Kill(NamedTuple):
    """One kill. Times are in seconds.

    Fields:
        ready_s: from the kill to `engine_started`, when the new engine accepts commands.
        backoff_s: how much of `ready_s` was back-off.
        lived_s: for how long the killed engine had accepted commands.
    """

    ready_s: float
    backoff_s: float
    lived_s: float


class Outcome(NamedTuple):
    """The outcome of the download."""

    intact: bool
    same_supervisor: bool
    healthy: bool
    fetched: int
    broken_promises: dict[str, Any]


def kills(
    count: Annotated[int, typer.Option("--kills", min=1, help="The number of kills of the engine.")] = 20,
    size: SizeMib = 1024,
    seed_mbps: Annotated[
        float, typer.Option(min=1, metavar="MBPS", help="The upload rate of the seed, in MB/s.")
    ] = 60.0,
    requests: Annotated[
        float, typer.Option(min=1, max=1000, metavar="PER_S", help="The number of requests per second.")
    ] = 100.0,
    as_json: AsJson = False,
    keep: Keep = False,
) -> None:
    """Kill the engine repeatedly during one download, while a client sends requests."""
    with scratch(keep=keep) as root, Seed(upload_bps=int(seed_mbps * 1e6)) as seed:
        tell(f"making {size} MiB")
        made = payload.make(root / "seed", "payload.bin", {"": size * MIB}, piece_size=MIB)
        seed.add(made.metainfo, made.root)
        other = payload.make(root / "other", "other.bin", {"": MIB})
        with Daemon(root / "d", restart={"budget": count + 5}) as daemon, Watcher(daemon.runtime_dir) as watcher:
            until(daemon.healthy, "the daemon is healthy")
            daemon.client.add_torrent(metainfo=other.metainfo)
            supervisor = daemon.client.health().supervisor.pid
            began = time.monotonic()
            with Chatter(daemon.runtime_dir, other.torrent, per_s=requests) as chatter:
                daemon.client.add_torrent(metainfo=made.metainfo, peers=[seed.endpoint])
                done = _kill_repeatedly(count, made, seed, watcher)
                tell("no more kills; waiting for the download")
                watcher.wait(_completes(made.torrent), "the download is complete", patience_s=PATIENCE_S)
                seconds = time.monotonic() - began
                fetched = seed.uploaded()
            outcome = _look(daemon, made, supervisor, other.torrent, chatter.book, fetched)
    show(_report(made.size, done, chatter.book, outcome, seconds), as_json=as_json)


def _kill_repeatedly(count: int, made: Torrent, seed: Seed, watcher: Watcher) -> list[Kill]:
    engine = watcher.wait(_starts_after(0), "an engine")
    done: list[Kill] = []
    share = made.size // (count + 2)
    while len(done) < count:
        _until_given(seed, share * (len(done) + 1))
        killed_at = time.monotonic()
        os.kill(engine.event.data["pid"], signal.SIGKILL)
        lost = watcher.wait(_dies(engine.event.gen), "the death is noticed")
        successor = watcher.wait(_starts_after(engine.event.gen), "a new engine", patience_s=PATIENCE_S)
        kill = Kill(
            ready_s=successor.at - killed_at,
            backoff_s=(lost.event.data["retry_ms"] or 0) / 1000,
            lived_s=killed_at - engine.at,
        )
        done.append(kill)
        tell(f"kill {len(done)} of {count}: after {kill.lived_s:.2f} s; a new engine in {kill.ready_s * 1e3:.0f} ms")
        engine = successor
    return done


def _until_given(seed: Seed, count: int) -> None:
    until(lambda: seed.uploaded() >= count, f"the seed gives {count} bytes", patience_s=PATIENCE_S)


def _starts_after(gen: int) -> Callable[[ouzel.Event], bool]:
    return lambda event: event.type == "engine_started" and event.gen > gen


def _dies(gen: int) -> Callable[[ouzel.Event], bool]:
    return lambda event: event.type == "engine_lost" and event.gen == gen


def _completes(torrent: str) -> Callable[[ouzel.Event], bool]:
    return lambda event: event.type == "completed" and event.torrent == torrent


def _look(daemon: Daemon, made: Torrent, supervisor: int, other: str, book: Book, fetched: int) -> Outcome:
    try:
        healthy = until(daemon.healthy, "the daemon is healthy again")
    except AssertionError:
        healthy = False
    row = daemon.row(other)
    broken = {name: getattr(row, name) for name, value in book.promised.items() if getattr(row, name) != value}
    return Outcome(
        intact=payload.sha1(daemon.downloads / made.name) == payload.sha1(made.root / made.name),
        same_supervisor=daemon.client.health().supervisor.pid == supervisor == daemon.pid,
        healthy=healthy,
        fetched=fetched,
        broken_promises=broken,
    )


def _report(size: int, done: list[Kill], book: Book, outcome: Outcome, seconds: float) -> Report:
    ready_ms = [kill.ready_s * 1e3 for kill in done]
    own_ms = [(kill.ready_s - kill.backoff_s) * 1e3 for kill in done]
    latencies_ms = [latency * 1e3 for latency in book.latencies_s]
    percentiles = quantiles(latencies_ms, n=100)
    twice = outcome.fetched - size
    refused = {name: count for name, count in book.outcomes.items() if name != "ok"}
    replies_ok = book.missing == book.duplicates == 0
    return Report(
        benchmark="kills",
        columns=("", "MEDIAN", "MAX"),
        rows=[
            ("kill to new engine", f"{median(ready_ms):.0f} ms", f"{max(ready_ms):.0f} ms"),
            ("  without the back-off", f"{median(own_ms):.0f} ms", f"{max(own_ms):.0f} ms"),
            ("life of an engine", *(f"{f(kill.lived_s for kill in done):.2f} s" for f in (median, max))),
            ("reply time", f"{median(latencies_ms):.1f} ms", f"{max(latencies_ms):.0f} ms"),
            ("  99 % within", f"{percentiles[98]:.1f} ms", ""),
        ],
        checks=[
            Check("completed, SHA-1", "equal" if outcome.intact else "differs", "equal", outcome.intact),
            Check("health", "healthy" if outcome.healthy else "not healthy", "healthy", outcome.healthy),
            Check(
                "supervisor",
                "same pid" if outcome.same_supervisor else "another pid",
                "same pid",
                outcome.same_supervisor,
            ),
            Check(
                f"{book.asked} requests answered once",
                f"{book.answered_once}; {book.missing} missing, {book.duplicates} too many",
                "all",
                replies_ok and book.answered_once == book.asked,
            ),
            Check("refused", ", ".join(f"{n} {name}" for name, n in refused.items()) or "none", "none", not refused),
            Check("accepted changes lost", str(len(outcome.broken_promises)), "0", not outcome.broken_promises),
            Check(
                "fetched twice",
                f"{mb(twice)} in {len(done)} kills",
                f"<= {mb(TWICE_GOAL)} a kill",
                twice <= TWICE_GOAL * len(done),
                must=False,
            ),
        ],
        notes=[f"The download took {seconds:.1f} s."],
        document={
            "size_bytes": size,
            "seconds": seconds,
            "kills": [kill._asdict() for kill in done],
            "fetched_bytes": outcome.fetched,
            "fetched_twice_bytes": twice,
            "requests": {
                "sent": book.asked,
                "by_op": dict(book.sent),
                "answered_once": book.answered_once,
                "missing": book.missing,
                "duplicates": book.duplicates,
                "outcomes": dict(book.outcomes),
                "latency_ms": {"p50": median(latencies_ms), "p99": percentiles[98], "max": max(latencies_ms)},
            },
            "broken_promises": outcome.broken_promises,
        },
    )
