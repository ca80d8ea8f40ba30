"""`gateway`: the speed of lists with thousands of torrents, and the answers while the engine is killed repeatedly."""

from typing import Annotated

import typer

from tools.bench.gateway import kills as killing
from tools.bench.options import AsJson, Keep
from tools.bench.report import Report, show
from tools.rig.scratch import scratch


def gateway(
    kills: Annotated[int, typer.Option("--kills", min=0, help="The number of kills; 0 for none.")] = 50,
    clients: Annotated[int, typer.Option("--clients", min=2, help="The number of clients that poll.")] = 20,
    as_json: AsJson = False,
    keep: Keep = False,
) -> None:
    """Kill the engine under clients that poll the HTTP gateway."""
    reports: list[Report] = []
    with scratch(keep=keep) as root:
        if kills:
            outcome = killing.kill_repeatedly(root / "k", kills=kills, clients=clients, torrents=200)
            reports.append(killing.report_of(outcome))
    show(*reports, as_json=as_json)
