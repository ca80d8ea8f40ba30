"""Requests leave no cyclic garbage: a collection is rare, and blocks the loop long if there is much."""

import gc
from collections import Counter
from pathlib import Path
from typing import Any, Final

from tests.supervisor.bench import Bench, Client, bench
from tests.supervisor.samples import V1, desired

TIMES: Final = 10
UNKNOWN: Final = "f" * 40

REQUESTS: Final[dict[str, dict[str, Any]]] = {
    "a read": {"op": "stats"},
    "a long read": {"op": "list_torrents"},
    "files": {"op": "list_files", "args": {"torrent": V1}},
    "crashes": {"op": "list_crashes"},
    "a mutation": {"op": "pause", "args": {"torrent": V1}},
    "a mutation that is not confirmed": {"op": "pause", "args": {"torrent": V1}, "wait": "applied", "deadline_ms": 5},
    "another version": {"op": "ping", "v": 9},
    "an unknown op": {"op": "no_op"},
    "an argument of a wrong form": {"op": "pause", "args": {"torrent": 1}},
    "a read of nothing": {"op": "get_torrent", "args": {"torrent": UNKNOWN}},
    "a long read of nothing": {"op": "list_files", "args": {"torrent": UNKNOWN}},
    "a mutation of nothing": {"op": "pause", "args": {"torrent": UNKNOWN}},
    "a wrong cursor": {"op": "list_torrents", "args": {"cursor": "x"}},
    "a replay that is gone": {"op": "replay", "args": {"epoch": "x", "after_seq": 1}},
    "no such crash": {"op": "get_crash", "args": {"name": "20260101T000000.000000Z-gen1"}},
    "a path that is not allowed": {
        "op": "add_torrent",
        "args": {"magnet": f"magnet:?xt=urn:btih:{UNKNOWN}", "save_path": "/nowhere"},
    },
}


async def test_what_is_answered_leaves_nothing_to_the_collector(tmp_path: Path) -> None:
    """Neither results nor errors: an error holds stack frames, which must not hold the error."""
    async with bench(tmp_path) as on:
        await on.engine()
        await on.catalogue.put(desired())
        gc.disable()
        try:
            left = {what: await _left_by(on, on.client(), request) for what, request in REQUESTS.items()}
        finally:
            gc.enable()
        assert {what: kinds for what, kinds in left.items() if sum(kinds.values()) >= TIMES} == {}


async def _left_by(on: Bench, client: Client, request: dict[str, Any]) -> Counter[str]:
    """The objects that the collector finds after some requests, by type."""
    await client.ask(**request)
    await on.turn()
    gc.collect()
    for _ in range(TIMES):
        await client.ask(**request)
    await on.turn()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
        return Counter(type(each).__qualname__ for each in gc.garbage)
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
