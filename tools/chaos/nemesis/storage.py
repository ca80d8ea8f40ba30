"""Faults of the resume directory's file system, and of single files in it."""

import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final

import ouzel
from tools.chaos.nemesis import engines
from tools.chaos.nemesis.registry import Bite, Play, fault
from tools.chaos.world.world import World
from tools.rig.mounts import Mount

LASTS_S: Final = (0.5, 2.0)
HEALS_S: Final = 30.0
TRACED_S: Final = 1.5
COMPONENT: Final = "resume_dir"


def _mounted(how: str) -> Play:
    def play(world: World, chance: random.Random, bite: Bite) -> None:
        assert world.disk is not None
        with _disturbed(world.disk, how):
            _observe(world, chance.uniform(*LASTS_S), bite)

    return play


@contextmanager
def _disturbed(disk: Mount, how: str) -> Iterator[None]:
    ways: dict[str, AbstractContextManager[None]] = {
        "full": disk.full(),
        "read_only": disk.read_only(),
        "gone": disk.absent(),
    }
    with ways[how]:
        yield


fault("storage", 3, needs="mounts", name="disk_full")(_mounted("full"))
fault("storage", 3, needs="mounts", name="disk_read_only")(_mounted("read_only"))
fault("storage", 3, needs="mounts", name="disk_gone")(_mounted("gone"))


@fault("storage", 2, needs="mounts")
def disk_full_and_kill(world: World, chance: random.Random, bite: Bite) -> None:
    """Fills the disk, and kills the engine while the disk is full."""
    assert world.disk is not None
    engine = engines.running(world)
    with world.disk.full():
        engines.send(engine.pid, signal.SIGKILL)
        dead = engines.dies(engine.pid)
        _observe(world, chance.uniform(*LASTS_S), bite)
    engines.successor(world, engine.gen)
    bite("killed while the disk was full", deaths=int(dead))


def _observe(world: World, seconds: float, bite: Bite) -> None:
    """Watches for some seconds, and notes a refused change or a problem in `health`."""
    until = time.monotonic() + seconds
    seen, number = "", 0
    while time.monotonic() < until:
        reasons = [each.component for each in engines.health(world).reasons]
        if COMPONENT in reasons:
            seen = "in health"
        number += 1
        try:
            if number % 2:
                world.daemon.client.put_category("storage")
            else:
                world.daemon.client.remove_category("storage")
        except ouzel.Refused as refused:
            seen = refused.body.name
        except ouzel.RequestTimeout:
            seen = "no reply"
        time.sleep(0.05)
    if seen:
        bite(seen)


def _traced(*injections: str) -> Play:
    def play(world: World, chance: random.Random, bite: Bite) -> None:
        log = world.root / "strace.log"
        argv = ["strace", "-f", "-qq", "-o", str(log), "-p", str(world.daemon.pid)]
        argv += [f"-einject={each}" for each in injections]
        argv += ["-etrace=" + ",".join(each.partition(":")[0] for each in injections)]
        tracer = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _observe(world, TRACED_S, Bite(lambda detail, deaths: None))
        finally:
            tracer.send_signal(signal.SIGINT)
            tracer.wait(10)
        injected = log.read_text(errors="replace").count("(INJECTED") + log.read_text(errors="replace").count(
            "(DELAYED"
        )
        if injected:
            bite(f"{injected} calls")

    return play


fault("calls", 2, needs="strace", name="sync_fails")(
    _traced("fsync:error=EIO:when=1+3", "fdatasync:error=EIO:when=1+3")
)
fault("calls", 2, needs="strace", name="rename_fails")(
    _traced("rename:error=EIO:when=1+3", "renameat2:error=EIO:when=1+3", "renameat:error=EIO:when=1+3")
)
fault("calls", 2, needs="strace", name="sync_is_slow")(
    _traced("fsync:delay_enter=200000", "fdatasync:delay_enter=200000")
)


@fault("files", 4)
def resume_data_damaged(world: World, chance: random.Random, bite: Bite) -> None:
    """Damages a file of resume data, and kills the engine, so that the next engine reads the file."""
    files = sorted(world.daemon.resume_dir.rglob("*.fastresume"))
    if not files:
        return
    path = chance.choice(files)
    engine = engines.running(world)
    try:
        content = bytearray(path.read_bytes())
        if chance.random() < 0.5:
            content = content[: len(content) // 2]
        else:
            for _ in range(8):
                content[chance.randrange(len(content))] ^= 0xFF
        path.write_bytes(content)
    except (OSError, ValueError):
        return
    engines.send(engine.pid, signal.SIGKILL)
    dead = engines.dies(engine.pid)
    engines.successor(world, engine.gen)
    bite("resume data damaged", deaths=int(dead))


def available(needs: str) -> bool:
    """Whether this machine has what a fault needs."""
    from tools.rig import mounts

    match needs:
        case "mounts":
            return mounts.refusal() is None
        case "strace":
            return shutil.which("strace") is not None
        case _:
            return True
