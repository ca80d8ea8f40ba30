"""Faults of the supervisor and of the gateway. If the supervisor ends, the harness starts it again."""

import random
import signal
import subprocess
import sys
import time
from typing import Final

from tools.chaos.nemesis import engines
from tools.chaos.nemesis.registry import Bite, fault
from tools.chaos.world import processes
from tools.chaos.world.world import World

SECOND_S: Final = 20.0
STOPPED_S: Final = 1.5


@fault("supervisor", 3)
def supervisor_kill(world: World, chance: random.Random, bite: Bite) -> None:
    """Kills the supervisor. Its engines end by themselves."""
    before = [each.pid for each in processes.engines(world.runtime_dir)]
    world.kill()
    dead = sum(engines.dies(pid, 5.0) for pid in before)
    bite("supervisor killed", deaths=dead)
    world.start()
    engines.running(world)


@fault("supervisor", 2)
def supervisor_term(world: World, chance: random.Random, bite: Bite) -> None:
    """Ends the daemon by SIGTERM, and starts it again."""
    code = world.stop()
    bite(f"exit code {code}")
    world.start()
    engines.running(world)


@fault("supervisor", 2)
def in_shutdown(world: World, chance: random.Random, bite: Bite) -> None:
    """Kills the engine while the daemon shuts down."""
    engine = engines.running(world)
    world.ending()
    engines.send(world.daemon.pid, signal.SIGTERM)
    time.sleep(chance.random() * 0.1)
    within = processes.alive(engine.pid)
    engines.send(engine.pid, signal.SIGKILL)
    code = world.daemon.stop()
    bite(f"exit code {code}, {'while' if within else 'after'} the engine ended", deaths=int(within))
    world.start()
    engines.running(world)


@fault("supervisor", 2)
def supervisor_stops(world: World, chance: random.Random, bite: Bite) -> None:
    """Stops the supervisor for a moment. The supervisor and the engine have to survive the stop."""
    pid = world.daemon.pid
    engines.send(pid, signal.SIGSTOP)
    time.sleep(STOPPED_S)
    if processes.state(pid) == "T":
        bite("supervisor stopped")
    engines.send(pid, signal.SIGCONT)
    engines.running(world)


@fault("second", 2)
def second_supervisor(world: World, chance: random.Random, bite: Bite) -> None:
    """Starts a second supervisor with the same configuration. It has to refuse."""
    done = subprocess.run(
        [sys.executable, "-I", "-m", "supervisor", "--config", str(world.daemon.config)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECOND_S,
        check=False,
    )
    if done.returncode > 0:
        bite(f"exit code {done.returncode}")


@fault("gateway", 4)
def gateway_kill(world: World, chance: random.Random, bite: Bite) -> None:
    """Kills the gateway, and starts it again."""
    world.gateway.kill()
    bite("gateway killed")
    world.gateway.start()
