"""`wire`: the throughput and the latency of the two public sockets."""

from typing import Annotated

import typer

from tools.bench.options import AsJson, Keep
from tools.bench.report import show
from tools.bench.wire import wire_events, wire_requests
from tools.rig.scratch import scratch


def wire(
    n: Annotated[int, typer.Option("--n", min=100, help="The number of round trips of each kind.")] = 5000,
    torrents: Annotated[
        int, typer.Option("--torrents", min=1, help="The number of torrents, which the flood lists.")
    ] = 10_000,
    flood_s: Annotated[float, typer.Option("--flood", min=0.1, metavar="S", help="The duration of the flood.")] = 10.0,
    requests: Annotated[bool, typer.Option("--requests/--no-requests", help="Measure round trips.")] = True,
    events: Annotated[bool, typer.Option("--events/--no-events", help="Measure events.")] = True,
    downloads: Annotated[int, typer.Option("--downloads", min=1, help="The number of torrents that download.")] = 1000,
    seconds: Annotated[
        float, typer.Option("--seconds", min=1, metavar="S", help="How long CPU time is measured.")
    ] = 10,
    stopped_s: Annotated[
        float, typer.Option("--stopped", min=0, metavar="S", help="How long a subscriber is stopped; 0 for not at all.")
    ] = 30.0,
    as_json: AsJson = False,
    keep: Keep = False,
) -> None:
    """Measure round trips, pipelines and a flood of requests; events per second, their cost, and a stopped subscriber.

    With --json there is one line for the requests and one for the events.
    """
    reports = []
    with scratch(keep=keep) as root:
        if requests:
            reports.append(wire_requests.measure(root / "r", n=n, torrents=torrents, flood_s=flood_s))
        if events:
            reports.append(wire_events.measure(root / "e", n=downloads, seconds=seconds, stopped_s=stopped_s))
    show(*reports, as_json=as_json)
