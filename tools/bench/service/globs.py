"""`globs`: matches many globs with many file names on the selector's thread. Measures how long other threads wait.

There is no daemon, because only the matching is measured. Half of the globs are common. The other half is made to force
backtracking.
"""

import contextlib
import queue
import time
from statistics import median
from typing import Annotated, Final

import typer

from engine_proc.files.selector import Selector
from engine_proc.session.session_port import NotSelected
from protocol.wire.desired import DesiredTorrent, Selection
from tools.bench.options import AsJson
from tools.bench.report import Check, Report, show, tell

TURN_S: Final = 0.002
HELD_S: Final = 0.25
"""The interval of the engine's heartbeat. The interpreter's lock must not be held for longer."""


def globs(
    files: Annotated[int, typer.Option("--files", min=10, help="The number of files of the torrent.")] = 100_000,
    number: Annotated[int, typer.Option("--globs", min=2, max=1000, help="The number of globs of each kind.")] = 1000,
    as_json: AsJson = False,
) -> None:
    """Evaluate many globs for many files on a thread, while another thread measures how long it waits."""
    paths = [f"Show/dir {at % 500}/some file {at}.mkv" for at in range(files)]
    kinds = {
        "extensions": [f"*.e{at}" for at in range(number)],
        "paths": [f"**/dir {at}/*.avi" for at in range(number)],
        "stars": [f"*o*f*{at}*x" for at in range(number)],
        "folders": ["**/*i*/" * 4 + f"z{at}" for at in range(number)],
    }
    found = {}
    for kind, patterns in kinds.items():
        found[kind] = _select(paths, patterns)
        tell(f"{kind}: {found[kind][0]:.2f} s, others waited {max(found[kind][1]) * 1000:.0f} ms at most")
    worst = max(max(waits) for _, waits, _ in found.values())
    late = [kind for kind, (_, _, problem) in found.items() if problem is not None]
    show(
        Report(
            benchmark="globs",
            columns=("KIND", "TOOK", "OTHERS WAITED, MEDIAN", "AT MOST"),
            rows=[
                (kind, f"{took:.2f} s", f"{median(waits) * 1000:.1f} ms", f"{max(waits) * 1000:.1f} ms")
                for kind, (took, waits, _) in found.items()
            ],
            checks=[
                Check("others wait so long at most", f"{worst:.3f} s", f"{HELD_S:g} s", worst < HELD_S, must=False),
                Check("known in time", f"{late} are not", "all", not late),
            ],
            notes=[f"{files} files, {number} globs of each kind."],
            document={"kinds": {kind: {"took_s": took, "waits_s": waits} for kind, (took, waits, _) in found.items()}},
        ),
        as_json=as_json,
    )


def _select(paths: list[str], patterns: list[str]) -> tuple[float, list[float], str | None]:
    """Evaluates a selection. Returns the seconds, the delays of this thread in that time, and any problem."""
    said: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    selector = Selector(lambda torrent, problem: said.put(problem), at_once=0)
    desired = DesiredTorrent(
        torrent="1" * 40, source="magnet", save_path="/", selection=Selection(exclude=tuple(patterns))
    )
    began = time.monotonic()
    waits = []
    try:
        with contextlib.suppress(NotSelected):
            selector.priorities(desired, paths)
        while said.empty():
            before = time.monotonic()
            time.sleep(TURN_S)
            waits.append(time.monotonic() - before - TURN_S)
        return time.monotonic() - began, waits or [0.0], said.get()
    finally:
        selector.close()
