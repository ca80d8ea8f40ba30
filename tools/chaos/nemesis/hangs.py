"""Faults that stop the engine, stop a part of the engine, or crash it in native code."""

import contextlib
import random
import resource
import signal
import time
from typing import Final

from tools.chaos.nemesis import engines
from tools.chaos.nemesis.registry import Bite, Play, fault
from tools.chaos.world import processes
from tools.chaos.world.world import World
from tools.engines.failpoints import Failpoint, What
from tools.rig.samples import SampleTorrent
from tools.rig.waiting import until

ALERT: Final = "session_stats_alert"
"""An alert of no torrent, which comes with each heartbeat."""

ARMED_S: Final = 15.0
FEW: Final = 16
SEARCH_S: Final = 90.0


def _stop(seconds: float) -> Play:
    def play(world: World, chance: random.Random, bite: Bite) -> None:
        engine = engines.running(world)
        engines.send(engine.pid, signal.SIGSTOP)
        until(lambda: processes.state(engine.pid) in ("T", ""), "the engine is stopped", every_s=0.002)
        stopped_at, died = time.monotonic(), False
        while time.monotonic() < stopped_at + seconds and not died:
            died = engines.dies(engine.pid, 0.05)
        engines.send(engine.pid, signal.SIGCONT)
        bite(f"stopped for {time.monotonic() - stopped_at:.1f} s", deaths=int(died))
        engines.running(world)

    return play


fault("hangs", 6, name="stop_half")(_stop(0.5))
fault("hangs", 2, name="stop_five")(_stop(5.0))
fault("rare", 1, name="stop_minute")(_stop(60.0))


def _at_alert(what: What) -> Play:
    def play(world: World, chance: random.Random, bite: Bite) -> None:
        engine = engines.running(world)
        name = f"alert-{what}"
        world.failpoints.arm(name, Failpoint(where="alert", what=what, alert=ALERT, once=True))
        try:
            if engines.dies(engine.pid, ARMED_S):
                bite(what, deaths=1)
        finally:
            world.failpoints.lift(name)
        engines.successor(world, engine.gen)

    return play


fault("native", 2, evident=True, name="native_segv")(_at_alert("segv"))
fault("native", 1, evident=True, name="native_network")(_at_alert("segv_network"))
fault("native", 1, evident=True, name="native_abort")(_at_alert("abort"))
fault("native", 1, evident=True, name="native_stack")(_at_alert("stack"))
fault("native", 2, name="no_memory")(_at_alert("memory"))
fault("native", 1, evident=True, name="leaves")(_at_alert("exit"))
fault("hangs", 2, evident=True, name="lock_held")(_at_alert("hang_gil"))
fault("hangs", 2, evident=True, name="network_hangs")(_at_alert("hang_network"))


@fault("resources", 2)
def engine_descriptors(world: World, chance: random.Random, bite: Bite) -> None:
    """Lowers the engine's limit of open descriptors, so that the engine cannot open any file.

    There is no fault of this kind for the supervisor, because libzmq would abort its process (ADR 021).
    """
    _without_descriptors(engines.running(world).pid, 1.0, bite)


def _without_descriptors(pid: int, seconds: float, bite: Bite) -> None:
    try:
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (FEW, before[1]))
    except (ProcessLookupError, ValueError):
        return
    try:
        time.sleep(seconds)
        if not processes.alive(pid):
            bite("the engine has ended", deaths=1)
        elif processes.descriptors(pid) >= FEW:
            bite("no descriptor was free")
    finally:
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


@fault("loops", 3)
def crash_loop(world: World, chance: random.Random, bite: Bite) -> None:
    """Lets each engine die as soon as it starts, at least three times."""
    engine = engines.running(world)
    world.failpoints.arm("loop", Failpoint(where="start", what="kill"))
    try:
        first = engines.health(world).engine.restarts
        for pid in (engine.pid, *engines.spares(world, engine.pid)):
            engines.send(pid, signal.SIGKILL)
        until(lambda: engines.health(world).engine.restarts >= first + 3, "a crash loop", every_s=0.05)
        deaths = engines.health(world).engine.restarts - first
    finally:
        world.failpoints.lift("loop")
    engines.successor(world, engine.gen)
    bite("crash loop", deaths=deaths)


def _bisects(world: World) -> bool:
    return any(reason.subject == "bisection" for reason in engines.health(world).reasons)


@fault("loops", 1, evident=True)
def poison(world: World, chance: random.Random, bite: Bite) -> None:
    """Adds a torrent that crashes each engine that loads it. It is quarantined, and then removed."""
    sample = SampleTorrent(f"poison {chance.getrandbits(40):x}", {"": bytes(1000)}, single=True)
    until(lambda: not _bisects(world), "the search for an earlier cause is over", patience_s=SEARCH_S, every_s=0.2)
    world.failpoints.arm("poison", Failpoint(where="load", torrent=sample.torrent))
    try:
        client = world.daemon.client
        client.add_torrent(metainfo=sample.metainfo, save_path=str(world.places[0]))

        def caught() -> bool:
            rows = client.list_torrents(ids=[sample.torrent])
            return any(row.state.value == "quarantined" for row in rows)

        until(caught, "the poison torrent is quarantined", patience_s=SEARCH_S, every_s=0.1)
        bite("quarantined", deaths=2)
    finally:
        world.failpoints.lift("poison")
        world.daemon.client.remove_torrent(sample.torrent)
    engines.running(world)
