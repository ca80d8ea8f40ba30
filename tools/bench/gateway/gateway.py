"""`gateway`: the speed of lists with thousands of torrents, and the answers while the engine is killed repeatedly."""

import shutil
from typing import Annotated

import typer

from tools.bench.gateway import kills as killing
from tools.bench.gateway import lists
from tools.bench.options import AsJson, Keep
from tools.bench.report import Report, show, tell
from tools.rig.scratch import scratch


def gateway(
    n: Annotated[int, typer.Option("--n", min=0, help="The number of torrents in lists; 0 to skip these.")] = 10_000,
    kills: Annotated[int, typer.Option("--kills", min=0, help="The number of kills; 0 to skip these.")] = 50,
    clients: Annotated[int, typer.Option("--clients", min=2, help="The number of clients that poll.")] = 20,
    idle_s: Annotated[
        float, typer.Option("--idle", min=1, metavar="S", help="How long idle CPU time is measured.")
    ] = 20.0,
    as_json: AsJson = False,
    keep: Keep = False,
) -> None:
    """Measure the HTTP gateway beside qbittorrent-nox, and kill the engine under clients that poll it."""
    reports: list[Report] = []
    with scratch(keep=keep) as root:
        if n:
            program = shutil.which("qbittorrent-nox")
            if program is None:
                tell("qbittorrent-nox is not installed")
            reports.append(lists.report_of(n, lists.measure(root / "l", n=n, idle_s=idle_s, program=program)))
        if kills:
            outcome = killing.kill_repeatedly(root / "k", kills=kills, clients=clients, torrents=200)
            reports.append(killing.report_of(outcome))
    show(*reports, as_json=as_json)
