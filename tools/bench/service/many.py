"""`many`: the costs of thousands of idle seeds, and the time until all are restored.

Each torrent has one piece, and its file on disk. Every tenth torrent has several files, and a tracker on a loopback
port where nobody listens. A restore is complete when libtorrent has confirmed each torrent in the *new* generation. The
public state does not show that moment, because a seed stays a seed through the kill. So there is one more kill. After
this kill, a subscriber to all progress waits until the new generation has reported each torrent as `seeding`. The time
between two kills is longer than the restart policy's window, so there is no back-off.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Annotated, Any, Final, NamedTuple

import libtorrent
import psutil
import typer
import zmq

from ouzel.requests import MAX_REPLY_ELEMENTS
from protocol.wire import codec
from protocol.wire.endpoints import EVENTS_SOCKET, ipc_endpoint
from protocol.wire.rows import TorrentState
from tools.bench.options import AsJson, Keep
from tools.bench.report import Check, Report, mb, show, tell
from tools.rig.clients.pinger import Pinger, Pings
from tools.rig.daemon import Daemon
from tools.rig.samples import SampleTorrent, noise
from tools.rig.scratch import scratch
from tools.rig.seed import LOOPBACK
from tools.rig.waiting import until

lt: Any = libtorrent

PATIENCE_S: Final = 600.0
FILE_BYTES: Final = 1000
WITH_TRACKER: Final = 10
TRACKER: Final = b"http://127.0.0.1:9/announce"
LISTS: Final = 5
WINDOW_S: Final = 1.0
POLL_S: Final = 0.01

LIST_GOAL_S: Final = 0.25
RESTORE_GOAL_S: Final = 2.0
PING_GOAL_S: Final = 0.01
MEMORY_GOAL: Final = 300e6
CPU_GOAL: Final = 0.03
ADDS_GOAL: Final = 10.0
"""The goal, as a multiple of the time of a bare session."""


class Idle(NamedTuple):
    """The costs of idle processes: unshared memory (USS) in bytes, and CPU time as a fraction of one core."""

    supervisor_bytes: int
    engine_bytes: int
    supervisor_cpu: float
    engine_cpu: float


class Back(NamedTuple):
    """One kill, and how long the service needed to recover. Times are in seconds since the kill.

    Fields:
        ready_s: until a new engine accepted commands.
        restored_s: until all torrents were restored.
        supervisor_cpu_s: the CPU time of the supervisor until all torrents were restored, including its answers to
            pings.
        engine_cpu_s: the CPU time of the new engine until all torrents were restored.
        pings: the pings between the kill and the end of the restore.
    """

    ready_s: float
    restored_s: float
    supervisor_cpu_s: float
    engine_cpu_s: float
    pings: Pings


class Outcome(NamedTuple):
    """All measurements, in seconds except for `idle`, `refused` and `lost`.

    Fields:
        refused: the number of refused adds.
        adds_s: from the first add until the last of the pipelined adds was answered.
        all_seeding_s: from the first add until all torrents were seeding.
        bare_adds_s: until a bare session in this process has added the same torrents, without storing them.
        told_seeding_s: from the last kill until the new generation had reported each torrent as seeding.
        stop_s: the time of a stop without unsaved changes.
        stop_restored_s: the time of a stop right after a restore.
        cold_ping_s: from the start of a supervisor to its first answer.
        cold_seeding_s: from the start of a supervisor until all torrents seed.
        lost: the number of torrents that are missing at the end.
    """

    refused: int
    adds_s: float
    bare_adds_s: float
    all_seeding_s: float
    lists_s: list[float]
    calm: Pings
    idle: Idle
    kills: list[Back]
    told_seeding_s: float
    stop_s: float
    cold_ping_s: float
    cold_seeding_s: float
    stop_restored_s: float
    lost: int


def many(
    n: Annotated[int, typer.Option("--n", min=1, help="The number of torrents.")] = 10_000,
    kills: Annotated[int, typer.Option("--kills", min=1, help="The number of measured kills of the engine.")] = 3,
    idle_s: Annotated[
        float, typer.Option("--idle", min=1, metavar="S", help="How long idle CPU time is measured.")
    ] = 10.0,
    as_json: AsJson = False,
    keep: Keep = False,
) -> None:
    """Measure thousands of seeds: memory, idle CPU, and the times of a restore, a stop and a start."""
    with scratch(keep=keep) as root:
        restart = {"window_s": WINDOW_S, "budget": kills + 5}
        with Daemon(root / "d", restart=restart) as daemon:
            tell(f"making {n} torrents")
            requests = [("add_torrent", {"metainfo": made, "seed_mode": True}) for made in _torrents(daemon, n)]
            outcome = _measure(daemon, requests, kills, idle_s)
    show(_report(n, outcome), as_json=as_json)


def _torrents(daemon: Daemon, n: int) -> list[bytes]:
    """Writes the torrents' files. Returns their metainfo."""
    found = []
    for number in range(n):
        name = f"torrent {number:06}"
        content = noise(FILE_BYTES, number)
        if number % WITH_TRACKER:
            sample = SampleTorrent(name, {"": content}, single=True)
            found.append(sample.metainfo)
        else:
            third = FILE_BYTES // 3
            parts = {
                "a.bin": content[:third],
                "folder/b.bin": content[third : 2 * third],
                "c.nfo": content[2 * third :],
            }
            sample = SampleTorrent(name, parts)
            found.append(sample.metainfo_with({b"announce": TRACKER, b"comment": b"one of many"}))
        sample.write(daemon.downloads)
    return found


def _measure(daemon: Daemon, requests: list[tuple[str, dict[str, Any]]], kills: int, idle_s: float) -> Outcome:
    n = len(requests)
    bare_adds_s = _timed(lambda: _add_bare([args["metainfo"] for _, args in requests], daemon.downloads))
    began = time.monotonic()
    replies = daemon.client.request_many(requests, deadline_ms=int(PATIENCE_S * 1000))
    adds_s = time.monotonic() - began
    refused = sum(1 for reply in replies if not isinstance(reply, dict))
    tell(f"{n} adds in {adds_s:.2f} s, {refused} refused")
    _until_all(daemon, n)
    all_seeding_s = time.monotonic() - began
    until(lambda: _saved(daemon) == n, "all are saved", patience_s=PATIENCE_S, every_s=0.2)
    lists_s = [_timed(lambda: list(daemon.client.list_torrents())) for _ in range(LISTS)]
    with Pinger(daemon.runtime_dir) as pinger:
        time.sleep(idle_s / 2)
    calm = pinger.pings
    idle = _idle(daemon, idle_s)
    tell(f"list in {median(lists_s):.3f} s; {mb(idle.supervisor_bytes + idle.engine_bytes)}")
    done: list[Back] = []
    while len(done) < kills:
        time.sleep(WINDOW_S * 2)
        done.append(_kill(daemon, n))
        tell(f"kill {len(done)} of {kills}: all back in {done[-1].restored_s:.2f} s, {_told(done[-1].pings)}")
    time.sleep(WINDOW_S * 2)
    told_seeding_s = _kill_listening(daemon, n)
    time.sleep(WINDOW_S * 2)
    stop_s = _timed(daemon.stop)
    began = time.monotonic()
    daemon.start()
    cold_ping_s = time.monotonic() - began
    _until_all(daemon, n)
    cold_seeding_s = time.monotonic() - began
    tell(f"stop in {stop_s:.2f} s, cold start in {cold_seeding_s:.2f} s")
    _kill(daemon, n)
    lost = n - sum(1 for _ in daemon.client.list_ids())
    stop_restored_s = _timed(daemon.stop)
    return Outcome(
        refused,
        adds_s,
        bare_adds_s,
        all_seeding_s,
        lists_s,
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


def _add_bare(metainfos: list[bytes], save_path: Path) -> None:
    """Adds the torrents to a libtorrent session with default settings, and waits until all are added."""
    session = lt.session({**LOOPBACK, "alert_mask": lt.alert.category_t.status_notification, "alert_queue_size": 10**6})
    for metainfo in metainfos:
        params = lt.load_torrent_buffer(metainfo)
        params.save_path = str(save_path)
        params.flags |= lt.torrent_flags.seed_mode
        params.trackers = []
        session.async_add_torrent(params)
    added = 0
    while added < len(metainfos):
        session.wait_for_alert(1000)
        added += sum(isinstance(alert, lt.add_torrent_alert) for alert in session.pop_alerts())


def _until_all(daemon: Daemon, n: int) -> None:
    seeding = TorrentState.SEEDING.value
    until(lambda: daemon.client.stats().torrents.get(seeding) == n, "all seed", patience_s=PATIENCE_S)


def _saved(daemon: Daemon) -> int:
    return sum(entry.name.endswith(".fastresume") for entry in os.scandir(daemon.resume_dir / "fastresume"))


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _idle(daemon: Daemon, seconds: float) -> Idle:
    """Measures idle costs from outside. There are no requests at that time."""
    both = [psutil.Process(pid) for pid in (daemon.pid, daemon.engine_pid())]
    before = [_cpu_s(each) for each in both]
    began = time.monotonic()
    time.sleep(seconds)
    lasted = time.monotonic() - began
    shares = [(_cpu_s(each) - used) / lasted for each, used in zip(both, before, strict=True)]
    return Idle(*(each.memory_full_info().uss for each in both), *shares)


def _cpu_s(process: psutil.Process) -> float:
    used = process.cpu_times()
    return used.user + used.system


def _kill(daemon: Daemon, n: int) -> Back:
    gen = daemon.client.health().engine.gen
    supervisor = psutil.Process(daemon.pid)
    used_s = _cpu_s(supervisor)
    with Pinger(daemon.runtime_dir) as pinger:
        killed = time.monotonic()
        daemon.kill_engine()
        ready_s = None
        while True:
            health = daemon.client.health()
            lasted = time.monotonic() - killed
            assert lasted < PATIENCE_S, f"not all are back; the daemon's log is {daemon.log}"
            if health.engine.gen > gen and health.engine.state == "running":
                # Counts from the start of the new generation, since it begins before its first event is published.
                ready_s = ready_s or lasted
                if (health.restore.done, health.restore.total) == (n, n):
                    break
            time.sleep(POLL_S)
        used = (_cpu_s(supervisor) - used_s, _cpu_s(psutil.Process(daemon.engine_pid())))
    return Back(ready_s, lasted, *used, pinger.pings)


def _kill_listening(daemon: Daemon, n: int) -> float:
    """The seconds from a kill until the next generation has reported each torrent as seeding."""
    gen = daemon.client.health().engine.gen
    seeds: set[str] = set()
    with zmq.Context() as context, context.socket(zmq.SUB) as events:
        events.linger, events.rcvhwm = 0, 0
        events.connect(ipc_endpoint(Path(daemon.runtime_dir), EVENTS_SOCKET))
        events.subscribe(b"progress/")
        events.subscribe(b"tick/")
        assert events.poll(int(PATIENCE_S * 1000)), "no tick"
        killed = time.monotonic()
        daemon.kill_engine()
        while len(seeds) < n:
            assert events.poll(int(PATIENCE_S * 1000)), f"only {len(seeds)} seed"
            topic, frame = events.recv_multipart()
            event: Any = codec.unpack(frame, max_bytes=len(frame), max_elements=MAX_REPLY_ELEMENTS)
            if event["gen"] > gen and event["data"].get("state") == TorrentState.SEEDING.value:
                seeds.add(topic.decode())
            assert time.monotonic() - killed < PATIENCE_S, f"only {len(seeds)} seed"
        return time.monotonic() - killed


def _told(pings: Pings) -> str:
    return f"ping p99 {pings.p99_s * 1e3:.1f} ms, max {pings.max_s * 1e3:.0f} ms"


def _report(n: int, outcome: Outcome) -> Report:
    restored_s = [kill.restored_s for kill in outcome.kills]
    ready_s = [kill.ready_s for kill in outcome.kills]
    p99_s, max_s = max(kill.pings.p99_s for kill in outcome.kills), max(kill.pings.max_s for kill in outcome.kills)
    cpu_s = [median(each) for each in zip(*((k.supervisor_cpu_s, k.engine_cpu_s) for k in outcome.kills), strict=True)]
    idle = outcome.idle
    memory, cpu = idle.supervisor_bytes + idle.engine_bytes, idle.supervisor_cpu + idle.engine_cpu
    list_s, worst_s = median(outcome.lists_s), max(restored_s)
    return Report(
        benchmark=f"many, {n} seeds",
        columns=("", "FOUND", ""),
        rows=[
            ("adds answered", f"{outcome.adds_s:.2f} s", f"{outcome.adds_s / n * 1e3:.2f} ms each"),
            ("adds, bare session", f"{outcome.bare_adds_s:.2f} s", f"{outcome.bare_adds_s / n * 1e3:.2f} ms each"),
            ("adds to all seeding", f"{outcome.all_seeding_s:.2f} s", ""),
            ("ping, idle", f"{outcome.calm.p50_s * 1e3:.2f} ms", _told(outcome.calm)),
            ("memory (USS)", mb(memory), f"{mb(idle.supervisor_bytes)} + {mb(idle.engine_bytes)}"),
            ("idle CPU", f"{cpu:.1%}", f"{idle.supervisor_cpu:.1%} + {idle.engine_cpu:.1%}"),
            ("kill to new engine", f"{median(ready_s):.2f} s", f"worst {max(ready_s):.2f} s"),
            ("kill to all back", f"{median(restored_s):.2f} s", f"worst {worst_s:.2f} s"),
            ("  CPU time for it", f"{sum(cpu_s):.2f} s", f"{cpu_s[0]:.2f} s + {cpu_s[1]:.2f} s"),
            ("kill to all told to seed", f"{outcome.told_seeding_s:.2f} s", "with a subscriber to all progress"),
            ("clean stop", f"{outcome.stop_s:.2f} s", f"right after a restore {outcome.stop_restored_s:.2f} s"),
            ("cold start to an answer", f"{outcome.cold_ping_s:.2f} s", ""),
            ("cold start to all seeding", f"{outcome.cold_seeding_s:.2f} s", ""),
        ],
        checks=[
            Check("adds refused", str(outcome.refused), "0", outcome.refused == 0),
            Check("torrents lost", str(outcome.lost), "0", outcome.lost == 0),
            Check(
                "adds, durable / in a bare session",
                f"{outcome.adds_s / outcome.bare_adds_s:.1f}",
                f"<= {ADDS_GOAL:g}",
                outcome.adds_s <= ADDS_GOAL * outcome.bare_adds_s,
                must=False,
            ),
            _goal("list of all, median", list_s, LIST_GOAL_S),
            _goal("kill to all back, median", median(restored_s), RESTORE_GOAL_S),
            Check(
                "ping p99 meanwhile, worst",
                f"{p99_s * 1e3:.1f} ms, max {max_s * 1e3:.0f} ms",
                f"<= {PING_GOAL_S * 1e3:g} ms",
                p99_s <= PING_GOAL_S,
                must=False,
            ),
            Check("memory (USS) of both", mb(memory), f"<= {mb(MEMORY_GOAL)}", memory <= MEMORY_GOAL, must=False),
            Check("idle CPU of both", f"{cpu:.1%}", f"<= {CPU_GOAL:.0%} of a core", cpu <= CPU_GOAL, must=False),
        ],
        notes=[
            f"{len(outcome.kills)} kills. What is added up is supervisor + engine. On a busy machine CPU time is "
            "steadier than seconds, and pings are as late as the machine lets their two processes run.",
        ],
        document={"torrents": n, **_plain(outcome)},
    )


def _goal(what: str, found_s: float, goal_s: float) -> Check:
    return Check(what, f"{found_s:.3f} s", f"<= {goal_s:g} s", found_s <= goal_s, must=False)


def _plain(value: Any) -> Any:
    """Converts named tuples to dictionaries, recursively."""
    if hasattr(value, "_asdict"):
        return {name: _plain(member) for name, member in value._asdict().items()}
    return [_plain(member) for member in value] if isinstance(value, list) else value
