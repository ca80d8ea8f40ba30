"""Finds, kills and awaits engines, for faults of engines."""

import contextlib
import os
import signal
import time
from typing import Final, NamedTuple

import ouzel
from tools.chaos.world import processes
from tools.chaos.world.world import World
from tools.rig.waiting import until

PATIENCE_S: Final = 30.0
SPARE_S: Final = 5.0


class Running(NamedTuple):
    """A running engine."""

    pid: int
    gen: int


def running(world: World) -> Running:
    """Waits for an engine that accepts commands, and returns this engine."""

    def found() -> Running | None:
        engine = health(world).engine
        return Running(engine.pid, engine.gen) if engine.pid is not None and engine.state == "running" else None

    return until(found, "an engine runs", patience_s=PATIENCE_S)


def health(world: World) -> ouzel.HealthReport:
    """The daemon's health. Waits for an answer."""

    def asked() -> ouzel.HealthReport | None:
        with contextlib.suppress(ouzel.RequestTimeout, ouzel.NotRunning):
            return world.daemon.client.health()
        return None

    return until(asked, "the daemon tells its health", patience_s=PATIENCE_S)


def send(pid: int, number: signal.Signals) -> None:
    """Sends a signal, if the process still exists."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def dies(pid: int, patience_s: float = PATIENCE_S) -> bool:
    """Waits for the death of a process, for a limited time. Returns whether it died."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if not processes.alive(pid):
            return True
        time.sleep(0.002)
    return False


def successor(world: World, gen: int) -> Running:
    """Waits for an engine with a generation after `gen`, and returns this engine."""

    def found() -> Running | None:
        engine = health(world).engine
        later = engine.gen > gen and engine.pid is not None and engine.state == "running"
        return Running(engine.pid, engine.gen) if later and engine.pid is not None else None

    return until(found, f"an engine after generation {gen}", patience_s=2 * PATIENCE_S)


def spares(world: World, active: int) -> list[int]:
    """The pids of the running supervisor's engines except the active engine. Waits a limited time for a spare."""
    deadline = time.monotonic() + SPARE_S
    while True:
        engines = processes.engines(world.runtime_dir)
        found = [each.pid for each in engines if each.parent == world.daemon.pid and each.pid != active]
        if found or time.monotonic() > deadline:
            return found
        time.sleep(0.02)
