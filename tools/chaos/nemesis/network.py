"""Faults of peers and trackers that are slow, half-open or lying."""

import contextlib
import random
import time
from typing import Final

import ouzel
from tools.chaos.nemesis.registry import Bite, Play, fault
from tools.chaos.world.disturbed import Mode
from tools.chaos.world.world import World

LASTS_S: Final = 2.0
PATIENCE_S: Final = 6.0


def _peers(mode: Mode) -> Play:
    def play(world: World, chance: random.Random, bite: Bite) -> None:
        before = world.relay.disturbed
        world.relay.mode = mode
        try:
            until = time.monotonic() + PATIENCE_S
            _connect(world)
            while world.relay.disturbed == before and time.monotonic() < until:
                time.sleep(0.05)
            time.sleep(LASTS_S / 2)
        finally:
            world.relay.mode = "right"
        if world.relay.disturbed > before:
            bite(f"{world.relay.disturbed - before} chunks")

    return play


def _trackers(mode: Mode) -> Play:
    def play(world: World, chance: random.Random, bite: Bite) -> None:
        before = world.tracker.disturbed
        world.tracker.mode = mode
        try:
            until = time.monotonic() + PATIENCE_S
            while world.tracker.disturbed == before and time.monotonic() < until:
                for source in world.sources:
                    if source.made is not None:
                        _try(world, "reannounce", torrent=source.torrent)
                time.sleep(0.5)
        finally:
            world.tracker.mode = "right"
        if world.tracker.disturbed > before:
            bite(f"{world.tracker.disturbed - before} announces")

    return play


def _connect(world: World) -> None:
    """Removes and adds a download, so that the engine requests data from the relay."""
    for source in world.sources:
        if source.made is not None:
            _try(world, "add_peers", torrent=source.torrent, peers=[world.relay.endpoint])


def _try(world: World, op: str, **args: object) -> None:
    with contextlib.suppress(ouzel.Refused, ouzel.RequestTimeout):
        world.daemon.client.request(op, args)


fault("network", 2, name="peers_slow")(_peers("slow"))
fault("network", 2, name="peers_half_open")(_peers("half_open"))
fault("network", 2, name="peers_lying")(_peers("lying"))
fault("network", 1, name="trackers_slow")(_trackers("slow"))
fault("network", 1, name="trackers_half_open")(_trackers("half_open"))
fault("network", 1, name="trackers_lying")(_trackers("lying"))
