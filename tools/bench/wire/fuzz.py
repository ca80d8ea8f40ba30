"""`fuzz`: sends random and hostile frames to a live daemon with its real engine.

Several clients send random bytes, damaged requests of every command, hostile msgpack and some valid requests. They
count the replies to each frame that has a valid id. One client never reads replies. Another client violates ZMTP over
plain sockets. A well-behaved client pings all the time. All traffic stays on loopback, and all files are in a temporary
directory. Torrents have no trackers.
"""

import json
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from typing import Annotated, Any, Final

import psutil
import typer

from tools.bench.options import AsJson, Keep
from tools.bench.report import Check, Report, mb, show, tell
from tools.rig.clients.trips import Traveller, Trips
from tools.rig.daemon import Daemon
from tools.rig.scratch import scratch
from tools.rig.waiting import until

RATIO_GOAL: Final = 3.0
GROWTH_GOAL: Final = 400e6
"""The allowed growth of the supervisor's memory in bytes: queued and stored replies, and requests in flight."""

TELLING_FRAMES: Final = 100_000
"""The minimum number of frames for a meaningful latency of the well-behaved client."""

NO_CONNECTIONS: Final = {"enable_outgoing_tcp": False, "enable_outgoing_utp": False}
"""Settings without outgoing connections. So the daemon never contacts a damaged peer address."""

PAUSE_S: Final = 0.002
SAMPLE_S: Final = 0.2
HOARDED_SHARE: Final = 10
VANDALISED_SHARE: Final = 100


def fuzz(
    frames: Annotated[
        int, typer.Option("--frames", min=100, help="The number of frames of the misbehaving clients.")
    ] = 1_000_000,
    clients: Annotated[int, typer.Option("--clients", min=1, help="The number of clients that send these frames.")] = 3,
    seed: Annotated[int, typer.Option("--seed", help="The random seed, to repeat a run.")] = 1,
    calm_s: Annotated[
        float, typer.Option("--calm", min=0.1, metavar="S", help="How long to ping before, for comparison.")
    ] = 60.0,
    as_json: AsJson = False,
    keep: Keep = False,
) -> None:
    """Send random and damaged frames: no process dies, memory is bounded, each id is answered once."""
    with scratch(keep=keep) as root, Daemon(root / "d", engine=NO_CONNECTIONS) as daemon:
        document = measure(daemon, frames=frames, clients=clients, seed=seed, calm_s=calm_s)
    show(_report(document, frames), as_json=as_json)


def measure(daemon: Daemon, *, frames: int, clients: int, seed: int, calm_s: float) -> dict[str, Any]:
    """One run. Returns the results as a document."""
    until(daemon.healthy, "the daemon is healthy")
    engine, restarts = daemon.engine_pid(), daemon.client.health().engine.restarts
    calm = _pings(daemon, calm_s)
    before = _rss(daemon.pid)
    most = before
    jobs = [("frames", seed + number, frames // clients) for number in range(clients)]
    jobs += [("hoarder", seed, frames // HOARDED_SHARE), ("vandal", seed, frames // VANDALISED_SHARE)]
    began = time.monotonic()
    with Traveller(daemon.runtime_dir, "ping", pause_s=PAUSE_S) as pinger, ExitStack() as stack:
        pinger.go()
        running = [stack.enter_context(_started(daemon, *job)) for job in jobs]
        told = began
        while any(process.poll() is None for process in running):
            time.sleep(SAMPLE_S)
            most = max(most, _rss(daemon.pid))
            if time.monotonic() - told > 20:
                told = time.monotonic()
                tell(f"{told - began:.0f} s, supervisor {mb(most)} at the most")
        flooded = pinger.end()
        outcomes = [json.loads(process.communicate()[0]) for process in running]
    elapsed_s = time.monotonic() - began
    until(daemon.healthy, "the daemon is healthy afterwards")
    totals: Counter[str] = Counter()
    replies: Counter[str] = Counter()
    for outcome in outcomes:
        if outcome["kind"] == "frames":
            replies.update(outcome["replies"])
            totals.update({name: outcome[name] for name in ("sent", "known", "answered", "too_many", "without_id")})
    health = daemon.client.health()
    return {
        **totals,
        "missing": [each for outcome in outcomes for each in outcome.get("missing", [])],
        "hoarded": next(outcome["sent"] for outcome in outcomes if outcome["kind"] == "hoarder"),
        "vandals": next(outcome["sent"] for outcome in outcomes if outcome["kind"] == "vandal"),
        "replies": dict(replies),
        "elapsed_s": elapsed_s,
        "frames_per_s": totals["sent"] / elapsed_s,
        "engine_lived": health.engine.pid == engine and health.engine.restarts == restarts,
        "supervisor_lived": health.supervisor.pid == daemon.pid,
        "defects": [line.get("op") for line in daemon.logged("command_failed")],
        "rss": {"before": before, "most": most, "after": _rss(daemon.pid)},
        "torrents": sum(daemon.client.stats().torrents.values()),
        "calm": _document(calm),
        "flooded": _document(flooded),
        "ratio_p50": flooded.p50_s / calm.p50_s,
        "ratio_p99": flooded.p99_s / calm.p99_s,
    }


def _started(daemon: Daemon, kind: str, seed: int, count: int) -> "subprocess.Popen[str]":
    argv = [
        sys.executable,
        "-I",
        "-m",
        "tools.rig.clients.fuzzer",
        str(daemon.runtime_dir),
        kind,
        str(seed),
        str(count),
    ]
    return subprocess.Popen([*argv, str(daemon.downloads)], stdout=subprocess.PIPE, text=True, start_new_session=True)


def _pings(daemon: Daemon, seconds: float) -> Trips:
    with Traveller(daemon.runtime_dir, "ping", pause_s=PAUSE_S) as pinger:
        pinger.go()
        time.sleep(seconds)
        return pinger.end()


def _rss(pid: int) -> int:
    return int(psutil.Process(pid).memory_info().rss)


def _document(trips: Trips) -> dict[str, Any]:
    return {
        "replies": len(trips.latencies_s),
        "p50_s": trips.p50_s,
        "p99_s": trips.p99_s,
        "max_s": max(trips.latencies_s),
    }


def _report(found: dict[str, Any], frames: int) -> Report:
    rss, ratio = found["rss"], found["ratio_p99"]
    growth = rss["most"] - rss["before"]
    checks = [
        Check("replies to ids that can be read", f"{found['answered']} of {found['known']}", "all",
              found["answered"] == found["known"]),
        Check("replies beyond one each", str(found["too_many"]), "0", found["too_many"] == 0),
        Check("the engine's pid", "the same" if found["engine_lived"] else "another", "the same",
              found["engine_lived"]),
        Check("the supervisor's pid", "the same" if found["supervisor_lived"] else "another", "the same",
              found["supervisor_lived"]),
        Check("defects in the log", str(found["defects"][:5] or "none"), "none", not found["defects"]),
        Check("the supervisor grew by, at the most", mb(growth), f"<= {mb(GROWTH_GOAL)}", growth <= GROWTH_GOAL),
        Check("an honest client's p99, of that before", f"{ratio:.1f}", f"<= {RATIO_GOAL:g}", ratio <= RATIO_GOAL,
              must=frames >= TELLING_FRAMES),
    ]  # fmt: skip
    rows = [
        [
            name,
            str(found[key]["replies"]),
            *(f"{found[key][each] * 1000:.2f} ms" for each in ("p50_s", "p99_s", "max_s")),
        ]
        for name, key in (("before", "calm"), ("meanwhile", "flooded"))
    ]
    notes = [
        f"{found['sent']} frames in {found['elapsed_s']:.0f} s, {found['frames_per_s']:.0f} a second; "
        f"{found['without_id']} replies to frames without an id, {found['hoarded']} requests whose replies nobody "
        f"read, {found['vandals']} connections that broke ZMTP.",
        f"Supervisor: {mb(rss['before'])} before, {mb(rss['most'])} at the most, {mb(rss['after'])} afterwards; "
        f"{found['torrents']} torrents are there at the end.",
        "Replies: " + ", ".join(f"{name} {count}" for name, count in Counter(found["replies"]).most_common(12)) + ".",
        "The misbehaving clients get the processor when nobody else wants it (SCHED_IDLE), so that it is the service "
        "that is measured. They send as fast as refusals come, which is slowly where there are many: "
        "docs/adr/020-limits.md.",
    ]
    return Report("fuzz", ["AN HONEST CLIENT'S PINGS", "REPLIES", "P50", "P99", "MAX"], rows, checks, notes, found)
