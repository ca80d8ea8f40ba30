"""Faults that end the engine by signals, also at chosen moments."""

import random
import signal
import time
from typing import Final

import ouzel
from tools.chaos.nemesis import engines
from tools.chaos.nemesis.registry import Bite, Play, fault
from tools.chaos.plan.plan import STEADY
from tools.chaos.world import processes
from tools.chaos.world.world import World
from tools.engines.failpoints import Failpoint

BURST: Final = 4
RESTORE_S: Final = 8.0


def _by_signal(number: signal.Signals) -> Play:
    def play(world: World, chance: random.Random, bite: Bite) -> None:
        engine = engines.running(world)
        engines.send(engine.pid, number)
        if engines.dies(engine.pid):
            bite(f"engine {engine.gen} by {number.name}", deaths=1)
        engines.successor(world, engine.gen)

    return play


fault("kills", 30, name="kill")(_by_signal(signal.SIGKILL))
fault("kills", 4, name="term")(_by_signal(signal.SIGTERM))
fault("kills", 6, name="bus")(_by_signal(signal.SIGBUS))
fault("kills", 2, evident=True, name="segv")(_by_signal(signal.SIGSEGV))
fault("kills", 2, evident=True, name="abrt")(_by_signal(signal.SIGABRT))


@fault("kills", 30)
def burst(world: World, chance: random.Random, bite: Bite) -> None:
    """Kills several engines, each at a random moment while or just after the engine restores torrents."""
    killed, engine = 0, engines.running(world)
    for _ in range(BURST):
        engine = engines.running(world)
        time.sleep(chance.random() * 0.15)
        engines.send(engine.pid, signal.SIGKILL)
        killed += engines.dies(engine.pid)
    engines.successor(world, engine.gen)
    bite(f"{killed} engines", deaths=killed)


@fault("kills", 8)
def both(world: World, chance: random.Random, bite: Bite) -> None:
    """Kills the engine and its spare at once."""
    engine = engines.running(world)
    spares = engines.spares(world, engine.pid)
    for pid in chance.sample([engine.pid, *spares], 1 + len(spares)):
        engines.send(pid, signal.SIGKILL)
    dead = sum(engines.dies(pid) for pid in (engine.pid, *spares))
    engines.successor(world, engine.gen)
    if spares:
        bite("engine and spare", deaths=dead)


@fault("kills", 6)
def spare(world: World, chance: random.Random, bite: Bite) -> None:
    """Kills only the spare."""
    engine = engines.running(world)
    for pid in engines.spares(world, engine.pid):
        engines.send(pid, signal.SIGKILL)
        if engines.dies(pid):
            bite("spare", deaths=1)


@fault("kills", 10)
def hand_over(world: World, chance: random.Random, bite: Bite) -> None:
    """Kills the engine, and some milliseconds later the spare."""
    engine = engines.running(world)
    spares = engines.spares(world, engine.pid)
    engines.send(engine.pid, signal.SIGKILL)
    time.sleep(chance.random() * 0.04)
    for pid in spares:
        engines.send(pid, signal.SIGKILL)
    dead = sum(engines.dies(pid) for pid in (engine.pid, *spares))
    engines.successor(world, engine.gen)
    if spares:
        bite("within the hand-over", deaths=dead)


@fault("kills", 8)
def in_restore(world: World, chance: random.Random, bite: Bite) -> None:
    """Kills an engine during the native call that adds a torrent."""
    engine = engines.running(world)
    world.failpoints.arm("restore", Failpoint(where="load", what="kill", torrent=_present(world, chance), once=True))
    try:
        engines.send(engine.pid, signal.SIGKILL)
        engines.dies(engine.pid)
        deadline = time.monotonic() + RESTORE_S
        while "restore" in world.failpoints.armed() and time.monotonic() < deadline:
            time.sleep(0.005)
    finally:
        if not world.failpoints.lift("restore"):
            bite("within the restore", deaths=2)
    engines.successor(world, engine.gen)


def _present(world: World, chance: random.Random) -> str:
    return world.sources[chance.randrange(STEADY)].torrent


@fault("kills", 6)
def in_drain(world: World, chance: random.Random, bite: Bite) -> None:
    """Lets the engine drain, and kills the engine while it saves resume data."""
    engine = engines.running(world)
    engines.send(engine.pid, signal.SIGTERM)
    time.sleep(chance.random() * 0.05)
    within = processes.alive(engine.pid)
    engines.send(engine.pid, signal.SIGKILL)
    engines.dies(engine.pid)
    engines.successor(world, engine.gen)
    bite("while it saved" if within else "after it had saved", deaths=1)


@fault("kills", 8)
def in_move(world: World, chance: random.Random, bite: Bite) -> None:
    """Kills the engine while it moves a download to another file system."""
    downloads = [source for source in world.sources if source.made is not None]
    source = chance.choice(downloads)
    engine = engines.running(world)
    try:
        place = world.places[chance.randrange(2)]
        world.daemon.client.move_storage(source.torrent, str(place))
    except (ouzel.OuzelError, ouzel.RequestTimeout):
        return
    time.sleep(chance.random() * 0.03)
    engines.send(engine.pid, signal.SIGKILL)
    engines.dies(engine.pid)
    engines.successor(world, engine.gen)
    bite("while a torrent was moved", deaths=1)
