"""`many`: the costs of thousands of idle seeds, and the time until all are restored.

A restore is complete when libtorrent has confirmed each torrent in the *new* generation. The public state does not show
that moment, because a seed stays a seed through the kill. So there is one more kill. After it, a subscriber to all
progress waits until the new generation has reported each torrent as `seeding`. The time between two kills is longer
than the restart policy's window, so there is no back-off."""

import time
from statistics import median
from typing import Annotated, Any, Final

import typer

from tools.bench.many import measure, seeds
from tools.bench.many.measure import Back
from tools.bench.many.outcome import Outcome, report, told
from tools.bench.options import AsJson, Keep
from tools.bench.report import mb, show, tell
from tools.rig.clients.pinger import Pinger
from tools.rig.daemon import Daemon
from tools.rig.scratch import scratch
from tools.rig.tracker import Tracker
from tools.rig.waiting import until

WINDOW_S: Final = 1.0
LISTS: Final = 5


def many(
    n: Annotated[int, typer.Option("--n", min=1, help="The number of torrents.")] = 10_000,
    kills: Annotated[int, typer.Option("--kills", min=1, help="The number of measured kills of the engine.")] = 3,
    idle_s: Annotated[
        float, typer.Option("--idle", min=1, metavar="S", help="How long idle CPU time is measured.")
    ] = 10.0,
    settle_s: Annotated[
        float, typer.Option("--settle", min=0, metavar="S", help="The pause before idle CPU time is measured.")
    ] = 5.0,
    as_json: AsJson = False,
    keep: Keep = False,
) -> None:
    """Measure thousands of seeds: memory, idle CPU, and the times of a restore, a stop and a start."""
    with scratch(keep=keep) as root:
        restart = {"window_s": WINDOW_S, "budget": kills + 5}
        with Daemon(root / "d", restart=restart) as daemon, Tracker() as tracker:
            tell(f"making {n} torrents")
            metainfos = seeds.write(daemon.downloads, n, tracker.http)
            outcome = _measure(daemon, tracker, metainfos, kills, idle_s, settle_s)
    show(report(n, outcome), as_json=as_json)


def _measure(
    daemon: Daemon, tracker: Tracker, metainfos: list[bytes], kills: int, idle_s: float, settle_s: float
) -> Outcome:
    n = len(metainfos)
    bare_adds_s = seeds.add_bare(metainfos, daemon.downloads)
    requests: list[tuple[str, dict[str, Any]]] = [
        ("add_torrent", {"metainfo": metainfo, "seed_mode": True}) for metainfo in metainfos
    ]
    began = time.monotonic()
    replies = daemon.client.request_many(requests, deadline_ms=int(measure.PATIENCE_S * 1000))
    adds_s = time.monotonic() - began
    refused = sum(1 for reply in replies if not isinstance(reply, dict))
    tell(f"{n} adds in {adds_s:.2f} s, {refused} refused")
    measure.until_all_seed(daemon, n)
    all_seeding_s = time.monotonic() - began
    measure.until_all_saved(daemon, n)
    lists_s = [measure.timed(lambda: list(daemon.client.list_torrents())) for _ in range(LISTS)]
    page_s = measure.page_s(daemon)
    with Pinger(daemon.runtime_dir) as pinger:
        time.sleep(idle_s / 2)
    calm = pinger.pings
    announced = _until_announced(tracker, seeds.with_tracker(n))
    time.sleep(settle_s)
    idle = measure.idle(daemon, idle_s)
    tracker.close()  # the announces after a kill fail, so that this process takes no time from the daemon
    tell(f"list in {median(lists_s):.3f} s; {mb(idle.all_bytes)}; idle {idle.supervisor_cpu + idle.engine_cpu:.2%}")
    done: list[Back] = []
    while len(done) < kills:
        time.sleep(WINDOW_S * 2)
        done.append(measure.kill(daemon, n))
        tell(f"kill {len(done)} of {kills}: all back in {done[-1].restored_s:.2f} s, {told(done[-1].pings)}")
    time.sleep(WINDOW_S * 2)
    told_seeding_s = measure.kill_listening(daemon, n)
    time.sleep(WINDOW_S * 2)
    stop_s = measure.timed(daemon.stop)
    began = time.monotonic()
    daemon.start()
    cold_ping_s = time.monotonic() - began
    measure.until_all_seed(daemon, n)
    cold_seeding_s = time.monotonic() - began
    tell(f"stop in {stop_s:.2f} s, cold start in {cold_seeding_s:.2f} s")
    measure.kill(daemon, n)
    lost = n - sum(1 for _ in daemon.client.list_ids())
    stop_restored_s = measure.timed(daemon.stop)
    return Outcome(
        refused,
        adds_s,
        bare_adds_s,
        all_seeding_s,
        lists_s,
        page_s,
        announced,
        calm,
        idle,
        done,
        told_seeding_s,
        stop_s,
        cold_ping_s,
        cold_seeding_s,
        stop_restored_s,
        lost,
    )


def _until_announced(tracker: Tracker, wanted: int) -> int:
    """Waits until this many torrents have announced themselves. Returns how many have."""

    def announced() -> int:
        return len({announce.torrent for announce in tracker.announces.copy()})

    until(lambda: announced() == wanted, "all have announced", patience_s=measure.PATIENCE_S, every_s=0.5)
    return announced()
