"""`leaks`: kills the engine hundreds of times, and checks that the supervisor's resources have not grown.

There are some torrents. At each restart a change is in flight, and the next engine confirms the change. The first
restarts are not counted, because they load code and fill caches. The numbers of descriptors, threads and children must
not change. The growth of memory per restart is measured. The supervisor stores a limited number of events and replies
on purpose, for replay and idempotent retries. Their memory is subtracted. The policy's window is so short that there is
no back-off.
"""

import os
import signal
import time
from typing import Annotated, Any, Final, NamedTuple

import psutil
import typer

from ouzel.client.calls import Call
from protocol.wire import codec
from supervisor.requests.acceptances import ENTRY_BYTES
from tools.bench.options import AsJson, Keep
from tools.bench.report import Check, Report, mb, show, tell
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.scratch import scratch
from tools.rig.waiting import until

WARM_UP: Final = 20
TORRENTS: Final = 3
WINDOW_S: Final = 0.001
LOOKS: Final = 5
LOOK_S: Final = 0.1
EVENT_BYTES: Final = 200
"""The approximate memory of an event in the log, without its frame."""

GROWTH_GOAL: Final = 4000
"""The allowed growth per restart in bytes. Allocators do not return all free memory."""

GROWTH_SLACK: Final = 2_000_000
"""The allowed growth in bytes for any number of restarts. It covers uncollected garbage and one more arena."""


class Held(NamedTuple):
    """The resources of the supervisor.

    Fields:
        uss: the supervisor's unshared memory (USS) in bytes.
        kept: approximately how many bytes of `uss` are for stored events and replies.
    """

    fds: int
    threads: int
    children: int
    zombies: int
    uss: int
    kept: int


def leaks(
    restarts: Annotated[int, typer.Option(min=1, help="The number of kills of the engine.")] = 200,
    warm_up: Annotated[int, typer.Option(min=1, help="The number of restarts before the first measurement.")] = WARM_UP,
    as_json: AsJson = False,
    keep: Keep = False,
) -> None:
    """Kill the engine repeatedly, and check that the supervisor leaks nothing."""
    with scratch(keep=keep) as root, Daemon(root / "d", restart={"window_s": WINDOW_S}) as daemon:
        until(daemon.healthy, "the daemon is healthy")
        payloads = [payload.make(root / "made", f"{number}.bin", {"": 50_000}) for number in range(TORRENTS)]
        for each in payloads:
            daemon.client.add_torrent(metainfo=each.metainfo, paused=True, wait="applied")
        changed = payloads[0].torrent
        for number in range(warm_up):
            _restart(daemon, changed, number)
        before = _settled(daemon)
        began = time.monotonic()
        for number in range(restarts):
            _restart(daemon, changed, warm_up + number)
            if (number + 1) % 50 == 0:
                tell(f"{number + 1} of {restarts} restarts")
        seconds = time.monotonic() - began
        after = _settled(daemon)
        last = daemon.client.health().engine.restarts
    show(_report(before, after, restarts, last - warm_up, seconds), as_json=as_json)


def _restart(daemon: Daemon, torrent: str, number: int) -> None:
    """Kills the engine, with a change in flight that the next engine confirms."""
    engine = daemon.engine_pid()
    os.kill(engine, signal.SIGKILL)
    daemon.client.update_limits(torrent, upload_bps=1000 + number, wait="applied")
    until(lambda: daemon.healthy() and daemon.engine_pid() != engine, "another engine is up")


def _settled(daemon: Daemon) -> Held:
    """The resources, once their number is stable. Sockets to a dead engine are closed a moment after its death."""
    process, seen = psutil.Process(daemon.pid), list[tuple[int, int, int]]()

    def still() -> bool:
        seen.append((process.num_fds(), process.num_threads(), len(process.children())))
        return len(seen) >= LOOKS and len(set(seen[-LOOKS:])) == 1

    until(still, "the supervisor comes to rest", every_s=LOOK_S)
    fds, threads, children = seen[-1]
    zombies = sum(child.status() == psutil.STATUS_ZOMBIE for child in process.children())
    return Held(fds, threads, children, zombies, process.memory_full_info().uss, _kept(daemon))


def _kept(daemon: Daemon) -> int:
    events, size, after = 0, 0, 0
    epoch = daemon.client.run(Call("ping", {}, lambda reply: reply.epoch))
    while True:
        page: dict[str, Any] = daemon.client.request("replay", {"epoch": epoch, "after_seq": after, "limit": 10_000})
        events += len(page["events"])
        size += sum(len(codec.encode(event)) for event in page["events"])
        if not page["events"] or page["events"][-1]["seq"] >= page["head"]:
            break
        after = page["events"][-1]["seq"]
    replies = daemon.client.health().engine.restarts  # each restart has had one change
    return size + events * EVENT_BYTES + replies * ENTRY_BYTES


def _report(before: Held, after: Held, restarts: int, counted: int, seconds: float) -> Report:
    grown = after.uss - before.uss - (after.kept - before.kept)
    bound = GROWTH_SLACK + GROWTH_GOAL * restarts
    same = [
        Check(
            name, f"{getattr(after, name)}", f"{getattr(before, name)}", getattr(after, name) == getattr(before, name)
        )
        for name in ("fds", "threads", "children")
    ]
    return Report(
        benchmark="leaks",
        columns=("SUPERVISOR", "before", "after"),
        rows=[
            *((name, f"{getattr(before, name)}", f"{getattr(after, name)}") for name in Held._fields[:4]),
            ("memory (USS)", mb(before.uss), mb(after.uss)),
            ("kept on purpose", mb(before.kept), mb(after.kept)),
        ],
        checks=[
            Check("restarts", str(counted), str(restarts), counted == restarts),
            *same,
            Check("zombies", str(after.zombies), "0", after.zombies == before.zombies == 0),
            Check("memory grown", mb(grown), f"<= {mb(bound)}", grown <= bound),
        ],
        notes=[
            f"{restarts} restarts took {seconds:.1f} s; {grown / restarts:.0f} bytes each that are not kept on purpose."
        ],
        document={
            "restarts": counted,
            "seconds": seconds,
            "before": before._asdict(),
            "after": after._asdict(),
            "grown_bytes": grown,
        },
    )
