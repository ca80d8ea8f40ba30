"""The requests part of `wire`: single and pipelined round trips. Also the latency of other clients during a flood.

The client is a plain blocking socket in a separate process. The mutation changes a torrent's limit, each time to
another value. The daemon answers when the change is durable. The flood is a client that requests pages of 10,000 rows,
ten at a time, without a pause.
"""

import subprocess
import time
from pathlib import Path
from typing import Any, Final

from tools.bench.report import Check, Report, tell
from tools.rig.clients.trips import Traveller, Trips, travel
from tools.rig.daemon import Daemon
from tools.rig.samples import SampleTorrent

READ_P50_GOAL_S: Final = 0.0003
READ_P99_GOAL_S: Final = 0.001
DURABLE_P50_GOAL_S: Final = 0.0015
DURABLE_P99_GOAL_S: Final = 0.005
FLOOD_RATIO_GOAL: Final = 3.0

WINDOW: Final = 100
FLOOD_WINDOW: Final = 10
FEW: Final = 100
"""The number of torrents for the round trips. The pipelines change all of them at the same time."""

PAUSE_S: Final = 0.002
"""The pause between two pings of a client that does not take part in the flood."""


def measure(root: Path, *, n: int, torrents: int, flood_s: float) -> Report:
    """Measures round trips of an idle service, and of one client while another client floods the service.

    Args:
        n: the number of round trips of each kind.
        torrents: the number of torrents that the flood lists.
        flood_s: the duration of the flood in seconds.
    """
    with Daemon(root) as daemon:
        ids = _add(daemon, 0, min(torrents, FEW))
        document = _round_trips(daemon, ids, n)
        tell(f"adding {torrents - len(ids)} torrents more")
        _add(daemon, len(ids), torrents)
        document["flood"] = _flood(daemon, flood_s)
        document["file_system"] = _file_system(daemon.resume_dir)
    return _report(document)


def _round_trips(daemon: Daemon, ids: list[str], n: int) -> dict[str, Any]:
    directory = daemon.runtime_dir
    limits = [{"torrent": ids[0], "download_bps": 1000 + number} for number in range(n)]
    trips = {
        "ping": travel(directory, "ping", count=n),
        "get_torrent": travel(directory, "get_torrent", [{"torrent": ids[0]}], count=n),
        "update_limits": travel(directory, "update_limits", limits, count=n),
    }
    spread = [{"torrent": ids[number % len(ids)], "upload_bps": 1000 + number} for number in range(n)]
    pipelines = {
        "ping": travel(directory, "ping", count=4 * n, window=WINDOW),
        "get_torrent": travel(directory, "get_torrent", [{"torrent": each} for each in ids], count=n, window=WINDOW),
        "update_limits": travel(directory, "update_limits", spread, count=n, window=WINDOW),
    }
    for name, trip in trips.items():
        tell(f"{name}: p50 {_ms(trip.p50_s)}, p99 {_ms(trip.p99_s)}; {pipelines[name].per_s:.0f}/s pipelined")
    return {
        "trips": {name: _document(trip) for name, trip in trips.items()},
        "pipelines_per_s": {name: trip.per_s for name, trip in pipelines.items()},
        "refused": {name: trip.refused for name, trip in (trips | pipelines).items() if trip.refused},
    }


def _flood(daemon: Daemon, flood_s: float) -> dict[str, Any]:
    directory = daemon.runtime_dir
    calm = _ping_for(directory, flood_s)
    with Traveller(directory, "list_torrents", [{"limit": 10_000}], window=FLOOD_WINDOW, nice=10) as flood:
        flood.go()
        time.sleep(min(1.0, flood_s))  # wait until the flood is in progress
        flooded = _ping_for(directory, flood_s)
        pages = flood.end()
    return {
        "calm": _document(calm),
        "flooded": _document(flooded),
        "ratio_p50": flooded.p50_s / calm.p50_s,
        "ratio_p99": flooded.p99_s / calm.p99_s,
        "pages": len(pages.latencies_s),
        "pages_per_s": pages.per_s,
    }


def _ping_for(directory: Path, seconds: float) -> Trips:
    with Traveller(directory, "ping", pause_s=PAUSE_S) as pinger:
        pinger.go()
        time.sleep(seconds)
        return pinger.end()


def _add(daemon: Daemon, start: int, end: int) -> list[str]:
    samples = [SampleTorrent(f"torrent {number:06}", {"": b"%d" % number}, single=True) for number in range(start, end)]
    outcomes = daemon.client.request_many(
        [("add_torrent", {"metainfo": sample.metainfo, "paused": True}) for sample in samples], deadline_ms=600_000
    )
    assert all(isinstance(outcome, dict) for outcome in outcomes), outcomes[0]
    return [sample.torrent for sample in samples]


def _file_system(directory: Path) -> str:
    told = subprocess.run(["stat", "-f", "-c", "%T", directory], capture_output=True, text=True, check=True)
    return told.stdout.strip()


def _document(trips: Trips) -> dict[str, Any]:
    return {
        "replies": len(trips.latencies_s),
        "p50_s": trips.p50_s,
        "p99_s": trips.p99_s,
        "max_s": max(trips.latencies_s),
    }


def _report(document: dict[str, Any]) -> Report:
    trips, flood = document["trips"], document["flood"]
    rows = [
        [name, _ms(trip["p50_s"]), _ms(trip["p99_s"]), _ms(trip["max_s"]), f"{document['pipelines_per_s'][name]:.0f}"]
        for name, trip in trips.items()
    ]
    rows += [
        [f"ping, {name}", _ms(flood[key]["p50_s"]), _ms(flood[key]["p99_s"]), _ms(flood[key]["max_s"]), ""]
        for name, key in (("calm", "calm"), ("during the flood", "flooded"))
    ]
    checks = [
        check
        for name, p50_s, p99_s in (
            ("ping", READ_P50_GOAL_S, READ_P99_GOAL_S),
            ("get_torrent", READ_P50_GOAL_S, READ_P99_GOAL_S),
            ("update_limits", DURABLE_P50_GOAL_S, DURABLE_P99_GOAL_S),
        )
        for check in (
            _within(f"{name}, p50", trips[name]["p50_s"], p50_s),
            _within(f"{name}, p99", trips[name]["p99_s"], p99_s),
        )
    ]
    ratio = flood["ratio_p99"]
    checks += [
        Check(
            "p99 during the flood, of that without", f"{ratio:.1f}", f"<= {FLOOD_RATIO_GOAL:g}",
            ratio <= FLOOD_RATIO_GOAL, must=False,
        ),
        Check("refused", str(document["refused"] or "none"), "none", not document["refused"]),
    ]  # fmt: skip
    notes = [
        f"update_limits is answered when it is on disk; the file system is {document['file_system']}. Pipelined is "
        f"with {WINDOW} on their way; changes are of as many torrents.",
        f"The flood got {flood['pages']} pages, {flood['pages_per_s']:.1f} a second; it runs with less priority "
        "(nice), so that it is the service that is measured and not who has the processors.",
    ]
    return Report("wire, requests", ["ROUND TRIP", "P50", "P99", "MAX", "PIPELINED/S"], rows, checks, notes, document)


def _within(what: str, found_s: float, goal_s: float) -> Check:
    return Check(what, _ms(found_s), f"<= {_ms(goal_s)}", found_s <= goal_s, must=False)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"
