"""Checks at the end of the story whether Ouzel has kept its guarantees."""

import os

from rich.table import Table
from rich.text import Text

from ouzel.cli.display.output import Output
from protocol.wire.reports import HealthStatus
from tools.demo.story import Story
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.payload import Torrent
from tools.rig.seed import Seed


def look_closely(daemon: Daemon, seed: Seed, made: Torrent, story: Story, output: Output) -> bool:
    """Compares the download with the seed's data, prints the results, and returns whether every guarantee was kept."""
    twice = seed.uploaded() - made.size
    output.line("Computing the SHA-1 of both sides")
    given, taken = payload.sha1(made.root / made.name), payload.sha1(daemon.downloads / made.name)
    health = daemon.client.health()
    same_supervisor = health.supervisor.pid == story.supervisor == daemon.pid and _lives(daemon.pid)
    came_back = HealthStatus.DEGRADED in (story.statuses or []) and health.status is HealthStatus.HEALTHY
    promises = [
        ("SHA-1 of the seed's side", given, None),
        ("SHA-1 of the download", taken, given == taken),
        ("supervisor", f"pid {story.supervisor} before, pid {health.supervisor.pid} after", same_supervisor),
        ("health", " -> ".join(story.statuses or []) or health.status.value, came_back),
        ("engines", " -> ".join(f"pid {pid}" for pid in story.engines), len(story.engines) > 1),
        ("from the kill to a new engine that takes commands", _ms(story.killed_at, story.ready_at), None),
        ("from the kill until data came again", _ms(story.killed_at, story.flowing_at), None),
        ("fetched twice", f"{twice / 1e6:.1f} MB of {made.size / 1e6:.1f} MB", None),
    ]
    grid = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for what, found, kept in promises:
        mark = Text("") if kept is None else Text("ok", "green") if kept else Text("WRONG", "bold red")
        grid.add_row(what, found, mark)
    output.console.print("", grid)
    return all(kept is not False for _, _, kept in promises)


def _ms(start: float | None, end: float | None) -> str:
    return "not seen" if start is None or end is None else f"{(end - start) * 1000:.0f} ms"


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
