"""The works. Each returns the values of one run by metric."""

import os
import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import Final

from engine_proc.session.session_settings import DEFAULTS
from tools.bench import usage
from tools.compare.metrics import Values, percentile
from tools.compare.programs.program import Program, flush
from tools.compare.world import World, untracked
from tools.interop.network import BRIDGE_ADDRESS
from tools.rig import payload
from tools.rig.scratch import scratch
from tools.rig.seed import Seed
from tools.rig.waiting import until

START_S: Final = 60.0
STALLED_S: Final = 15.0
"""If no further torrent becomes complete for this time, the wait ends."""

SETTLE_S: Final = 3.0
LISTS: Final = 5
FORGOTTEN_S: Final = 2.0

Work = Callable[[Program, World, bool], Values]
"""Runs one work. The last argument is whether the program has an API and saves its torrents."""


def download(program: Program, world: World, has_api: bool) -> Values:
    """Downloads the big torrent from the seed, until fsync has returned."""
    del has_api
    used_s = usage.cpu_s(program.pids())
    with usage.Meter(program.pids) as meter:
        began = time.monotonic()
        program.add([world.big.metainfo])
        _until_complete(program, world)
        flush(program.downloads)
        took_s = time.monotonic() - began
    used_s = usage.cpu_s(program.pids()) - used_s
    _check_big(program, world)
    return {
        "download_bps": world.big.size / took_s,
        "download_cpu_s": used_s,
        "download_peak_bytes": meter.peak.uss,
        "download_anonymous_bytes": meter.peak.anonymous,
    }


def crash(program: Program, world: World, has_api: bool) -> Values:
    """Kills the downloading process at half of the download, and waits until the download is complete.

    If the program has forgotten the torrent, adds the torrent again.
    """
    del has_api
    before = world.seed.uploaded()
    program.add([world.big.metainfo])
    half = before + world.big.size / 2
    until(lambda: world.seed.uploaded() >= half, "half is downloaded", patience_s=world.sizes.limit_s, every_s=0.005)
    killed = time.monotonic()
    program.crash()
    until(program.answers, "the API answers", patience_s=START_S, every_s=0.005)
    api_s = time.monotonic() - killed
    lost = 0
    try:
        until(lambda: program.count() == 1, "the torrent is there", patience_s=FORGOTTEN_S)
    except AssertionError:
        lost = 1
        program.add([world.big.metainfo])
    _until_complete(program, world)
    flush(program.downloads)
    done_s = time.monotonic() - killed
    _check_big(program, world)
    twice = max(0, world.seed.uploaded() - before - world.big.size)
    return {"crash_api_s": api_s, "crash_done_s": done_s, "crash_twice_bytes": twice, "crash_lost": lost}


def many(program: Program, world: World, has_api: bool) -> Values:
    """Adds thousands of torrents with their data, watches the idle program, uses its API, and kills it."""
    world.link_tinies(program.downloads)
    n = len(world.tinies)
    found: dict[str, float] = {}
    began = time.monotonic()
    program.add([sample.metainfo for sample in world.tinies], unchecked=True)
    found["many_accepted_s"] = time.monotonic() - began
    seeding = _until_all(program, n, world.sizes.limit_s)
    assert seeding == n, f"only {seeding} of {n} torrents seed within the limit"
    found["many_seeding_s"] = time.monotonic() - began
    if has_api:
        found["many_list_s"] = median(usage.timed(program.count) for _ in range(LISTS))
    found |= _idle(program, world.sizes.idle_s)
    if not has_api:
        return found
    found |= _latencies(program, world)
    killed = time.monotonic()
    program.kill()
    program.launch()
    until(program.answers, "the API answers", patience_s=START_S, every_s=0.01)
    back = _until_all(program, n, world.sizes.limit_s)
    if back == n:
        found["many_back_s"] = time.monotonic() - killed
    there = program.count()
    return found | {"many_lost": n - there, "many_not_back": there - back}


def small(program: Program, world: World, has_api: bool) -> Values:
    """Downloads many small torrents at once, until fsync has returned for each file."""
    del has_api
    began = time.monotonic()
    program.add([made.metainfo for made in world.smalls])
    complete = _until_all(program, len(world.smalls), world.sizes.limit_s)
    assert complete == len(world.smalls), (
        f"only {complete} of {len(world.smalls)} torrents are complete within the limit"
    )
    flush(program.downloads)
    took_s = time.monotonic() - began
    for made in world.smalls:
        assert (program.downloads / made.name).stat().st_size == made.size, f"{made.name} is not whole"
    return {"small_s": took_s}


def give(program: Program, world: World, has_api: bool) -> Values:
    """Uploads the big torrent to one peer, a bare session that writes to memory."""
    del has_api
    world.link_big(program.downloads)
    metainfo = untracked(world.big)
    program.add([metainfo])
    _until_complete(program, world)
    settings = {**DEFAULTS, "listen_interfaces": f"{BRIDGE_ADDRESS}:0"}
    with scratch(below=world.room()) as directory, Seed(settings=settings) as receiver:
        began = time.monotonic()
        receiver.add(metainfo, directory, peer=program.endpoint, seed_mode=False)
        until(lambda: receiver.counts().seeding, "the peer is complete", patience_s=world.sizes.limit_s)
        took_s = time.monotonic() - began
        assert payload.sha1(directory / world.big.name) == world.big_sha1, "the uploaded data is different"
    return {"give_bps": world.big.size / took_s}


WORKS: Final[Mapping[str, Work]] = {
    "download": download,
    "crash": crash,
    "many": many,
    "small": small,
    "give": give,
}


def _until_complete(program: Program, world: World) -> None:
    until(lambda: program.complete() == 1, "the torrent is complete", patience_s=world.sizes.limit_s, every_s=0.02)


def _until_all(program: Program, n: int, limit_s: float) -> int:
    """Waits until n torrents are complete, until progress stops, or until the limit. Returns how many are complete."""
    most, since = 0, time.monotonic()
    deadline = since + limit_s
    while most < n and time.monotonic() < min(deadline, since + STALLED_S):
        if (complete := program.complete()) > most:
            most, since = complete, time.monotonic()
        time.sleep(0.05)
    return most


def _check_big(program: Program, world: World) -> None:
    assert payload.sha1(program.downloads / world.big.name) == world.big_sha1, "the downloaded data is different"


def _idle(program: Program, seconds: float) -> dict[str, float]:
    time.sleep(SETTLE_S)
    os.sync()
    cpu_s, written, began = usage.cpu_s(program.pids()), usage.written(program.pids()), time.monotonic()
    time.sleep(seconds)
    lasted = time.monotonic() - began
    return {
        "many_idle_cpu": (usage.cpu_s(program.pids()) - cpu_s) / lasted,
        "many_idle_written_bytes": usage.written(program.pids()) - written,
        "many_bytes": usage.memory(program.pids()).uss,
    }


def _latencies(program: Program, world: World) -> dict[str, float]:
    torrent = world.tinies[0].torrent
    program.read(torrent)
    reads = [usage.timed(lambda: program.read(torrent)) for _ in range(world.sizes.calls)]
    changes = [usage.timed(lambda n=n: program.change(torrent, n)) for n in range(world.sizes.calls)]  # type: ignore[misc]
    return {
        "read_p50_s": percentile(reads, 0.5),
        "read_p99_s": percentile(reads, 0.99),
        "change_p50_s": percentile(changes, 0.5),
        "change_p99_s": percentile(changes, 0.99),
    }
