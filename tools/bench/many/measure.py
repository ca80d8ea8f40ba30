"""The measurements. Times are in seconds, and CPU time in idle is a fraction of one core."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

import psutil
import zmq

from ouzel.client import calls
from ouzel.requests import MAX_REPLY_ELEMENTS
from protocol.wire import codec
from protocol.wire.endpoints import EVENTS_SOCKET, ipc_endpoint
from protocol.wire.rows import TorrentState
from tools.bench import usage
from tools.rig.clients.pinger import Pinger, Pings
from tools.rig.daemon import Daemon
from tools.rig.waiting import until

PATIENCE_S: Final = 600.0
PAGES: Final = 20
PAGE: Final = 100
POLL_S: Final = 0.01


class Idle(NamedTuple):
    """The costs of idle processes.

    Fields:
        supervisor_bytes, engine_bytes: the unshared memory (USS) of the process.
        all_bytes: the unshared memory of all processes, with the warm spare.
        supervisor_cpu, engine_cpu: the CPU time as a fraction of one core.
        written_bytes: how many bytes the processes have caused to be written to storage. On tmpfs this is always 0.
    """

    supervisor_bytes: int
    engine_bytes: int
    all_bytes: int
    supervisor_cpu: float
    engine_cpu: float
    written_bytes: int


class Back(NamedTuple):
    """One kill, and how long the service needed to recover. Times are in seconds since the kill.

    Fields:
        ready_s: until a new engine accepted commands.
        restored_s: until all torrents were restored.
        supervisor_cpu_s: the CPU time of the supervisor until all torrents were restored, including its answers to
            pings.
        engine_cpu_s: the CPU time of the new engine until all torrents were restored.
        health_s: the longest time of a `get_health` between the kill and the end of the restore.
        pings: the pings between the kill and the end of the restore.
    """

    ready_s: float
    restored_s: float
    supervisor_cpu_s: float
    engine_cpu_s: float
    health_s: float
    pings: Pings


def until_all_seed(daemon: Daemon, n: int) -> None:
    """Waits until n torrents seed."""
    seeding = TorrentState.SEEDING.value
    until(lambda: daemon.client.stats().torrents.get(seeding) == n, "all seed", patience_s=PATIENCE_S)


def until_all_saved(daemon: Daemon, n: int) -> None:
    """Waits until the resume data of n torrents is stored."""
    until(lambda: _saved(daemon) == n, "all are saved", patience_s=PATIENCE_S, every_s=0.2)


def page_s(daemon: Daemon) -> float:
    """The median time of one page of `list_torrents`."""
    return median(timed(lambda: daemon.client.run(calls.list_torrents(limit=PAGE))) for _ in range(PAGES))


def idle(daemon: Daemon, seconds: float) -> Idle:
    """Measures idle costs from outside. There are no requests at that time."""
    both = [psutil.Process(pid) for pid in (daemon.pid, daemon.engine_pid())]
    before = [_cpu_s(each) for each in both]
    written = usage.written([daemon.pid])
    began = time.monotonic()
    time.sleep(seconds)
    lasted = time.monotonic() - began
    supervisor_cpu, engine_cpu = ((_cpu_s(each) - used) / lasted for each, used in zip(both, before, strict=True))
    written = usage.written([daemon.pid]) - written
    supervisor, engine = (each.memory_full_info().uss for each in both)
    return Idle(supervisor, engine, usage.memory([daemon.pid]).uss, supervisor_cpu, engine_cpu, written)


def kill(daemon: Daemon, n: int) -> Back:
    """Kills the engine, and waits until all n torrents are restored."""
    gen = daemon.client.health().engine.gen
    supervisor = psutil.Process(daemon.pid)
    used_s = _cpu_s(supervisor)
    with Pinger(daemon.runtime_dir) as pinger:
        killed = time.monotonic()
        daemon.kill_engine()
        ready_s = None
        longest_s = 0.0
        while True:
            asked = time.monotonic()
            health = daemon.client.health()
            now = time.monotonic()
            longest_s, lasted = max(longest_s, now - asked), now - killed
            assert lasted < PATIENCE_S, f"not all are back; the daemon's log is {daemon.log}"
            if health.engine.gen > gen and health.engine.state == "running":
                # Counts from the start of the new generation, since it begins before its first event is published.
                ready_s = ready_s or lasted
                if (health.restore.done, health.restore.total) == (n, n):
                    break
            time.sleep(POLL_S)
        used = (_cpu_s(supervisor) - used_s, _cpu_s(psutil.Process(daemon.engine_pid())))
    return Back(ready_s, lasted, *used, longest_s, pinger.pings)


def kill_listening(daemon: Daemon, n: int) -> float:
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


def timed(act: Callable[[], object]) -> float:
    """The time of a call in seconds."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _saved(daemon: Daemon) -> int:
    return sum(entry.name.endswith(".fastresume") for entry in os.scandir(daemon.resume_dir / "fastresume"))


def _cpu_s(process: psutil.Process) -> float:
    used = process.cpu_times()
    return used.user + used.system
