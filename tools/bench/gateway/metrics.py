"""`metrics`: the time of a scrape with thousands of torrents, and the number of series.

The torrents are paused magnet links in some categories. The scrapes come from a gateway with `--only metrics`. The
longest ping during the scrapes shows whether scrapes delay other clients of the daemon.
"""

import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from statistics import median
from typing import Annotated, Final, NamedTuple

import psutil
import typer

from tools.bench.options import AsJson, Keep
from tools.bench.report import Check, Report, mb, show, tell
from tools.rig.clients.pinger import Pinger, Pings
from tools.rig.daemon import Daemon
from tools.rig.gateway import free_port
from tools.rig.scratch import scratch
from tools.rig.waiting import until

PATIENCE_S: Final = 600.0
BATCH: Final = 5000
CATEGORIES: Final = 15
SCRAPE_GOAL_S: Final = 0.05
SERIES_MAX: Final = 200
OPENMETRICS: Final = "application/openmetrics-text; version=1.0.0"


class Outcome(NamedTuple):
    """All measurements.

    Fields:
        seconds: the time of each scrape.
        series: the number of series in the last scrape.
        bytes: the length of the last scrape.
        gateway_bytes: the resident memory of the gateway after all scrapes.
        pings: the pings between the first and the last scrape.
    """

    seconds: list[float]
    series: int
    bytes: int
    gateway_bytes: int
    pings: Pings


def metrics(
    n: Annotated[int, typer.Option("--n", min=1, help="The number of torrents.")] = 10_000,
    scrapes: Annotated[int, typer.Option("--scrapes", min=1, help="The number of scrapes.")] = 50,
    as_json: AsJson = False,
    keep: Keep = False,
) -> None:
    """Measure scrapes of the metrics with thousands of torrents."""
    with scratch(keep=keep) as root:
        outcome = measure(root, n=n, scrapes=scrapes)
    show(report_of(n, outcome), as_json=as_json)


def measure(root: Path, *, n: int, scrapes: int) -> Outcome:
    """Adds the torrents, and scrapes repeatedly."""
    with Daemon(root / "d") as daemon:
        tell(f"adding {n} torrents")
        for each in range(CATEGORIES):
            daemon.client.put_category(f"category {each}", save_path=None)
        for start in range(0, n, BATCH):
            requests = [
                ("add_torrent", {"magnet": magnet(each), "paused": True, "category": f"category {each % CATEGORIES}"})
                for each in range(start, min(n, start + BATCH))
            ]
            outcomes = daemon.client.request_many(requests, deadline_ms=int(PATIENCE_S * 1000))
            assert not [each for each in outcomes if isinstance(each, Exception)]
        port = free_port()
        env = os.environ | {
            "OUZEL_METRICS_LISTEN": f"127.0.0.1:{port}",
            "OUZEL_PATHS_RUNTIME_DIR": str(daemon.runtime_dir),
        }
        argv = [sys.executable, "-I", "-m", "gateway", "--only", "metrics"]
        with (root / "gateway.log").open("wb") as log:
            gateway = subprocess.Popen(argv, env=env, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}/metrics"
            until(lambda: scrape(url), "the gateway answers")
            tell(f"{scrapes} scrapes")
            return _scrape_repeatedly(daemon, url, gateway.pid, scrapes)
        finally:
            gateway.terminate()
            gateway.wait(30)


def _scrape_repeatedly(daemon: Daemon, url: str, pid: int, scrapes: int) -> Outcome:
    seconds: list[float] = []
    text = ""
    with Pinger(daemon.runtime_dir) as pinger:
        for _ in range(scrapes):
            began = time.monotonic()
            text = scrape(url)
            seconds.append(time.monotonic() - began)
            assert "\nouzel_up 1.0\n" in f"\n{text}"
    series = sum(1 for line in text.splitlines() if not line.startswith("#"))
    return Outcome(seconds, series, len(text), psutil.Process(pid).memory_info().rss, pinger.pings)


def magnet(number: int) -> str:
    """The magnet link of a torrent."""
    return f"magnet:?xt=urn:btih:{number + 1:040x}"


def scrape(url: str) -> str:
    """The text of one scrape. Empty while nobody listens."""
    asked = urllib.request.Request(url, headers={"Accept": OPENMETRICS})
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            text: str = answer.read().decode()
            return text
    except OSError:
        return ""


def report_of(n: int, outcome: Outcome) -> Report:
    """The report of the measurements."""
    typical, longest = median(outcome.seconds), max(outcome.seconds)
    checks = [
        Check("series", str(outcome.series), f"<= {SERIES_MAX}", outcome.series <= SERIES_MAX),
        Check(
            "scrape, median",
            f"{typical * 1e3:.1f} ms",
            f"<= {SCRAPE_GOAL_S * 1e3:.0f} ms",
            typical <= SCRAPE_GOAL_S,
            must=False,
        ),
    ]
    rows = [
        ["scrape, median", f"{typical * 1e3:.1f} ms"],
        ["scrape, longest", f"{longest * 1e3:.1f} ms"],
        ["series", str(outcome.series)],
        ["length", f"{outcome.bytes} bytes"],
        ["gateway, resident", mb(outcome.gateway_bytes)],
        ["ping meanwhile, p99", f"{outcome.pings.p99_s * 1e3:.1f} ms"],
        ["ping meanwhile, longest", f"{outcome.pings.max_s * 1e3:.1f} ms"],
    ]
    return Report(
        f"metrics, {n} torrents",
        ["what", "found"],
        rows,
        checks,
        ["Scrapes come from `ouzel-gateway --only metrics`, over HTTP."],
        {
            "torrents": n,
            "scrape_s": outcome.seconds,
            "series": outcome.series,
            "gateway_bytes": outcome.gateway_bytes,
            "pings_s": outcome.pings._asdict(),
        },
    )
