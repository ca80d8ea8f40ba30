"""`watch` prints every lifecycle event once, whichever process dies and whatever is lost."""

import contextlib
import itertools
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import ouzel
from tests.clients.bare import Bare
from tests.clients.between import Between, every_third, everything, ticks
from tests.clients.languages import Endpoints, Watch
from tests.clients.matrix import Matrix
from tools.rig.daemon import Daemon
from tools.rig.waiting import until

pytestmark = pytest.mark.process

TORRENTS = [f"{number:040x}" for number in range(1, 11)]
LIMITS = itertools.count(1000)  # never the same change twice: a change without effect causes no event
History = dict[str, list[dict[str, Any]]]


def add_all(client: ouzel.Client) -> None:
    """Adds torrents without peers, so that only the test changes them."""
    for torrent in TORRENTS:
        client.add_torrent(magnet=f"magnet:?xt=urn:btih:{torrent}", paused=True)


def change(runtime_dir: Path, torrents: list[str], times: int, stop: threading.Event | None = None) -> None:
    """Sends mutations that cause events until told to `stop`. Some are refused while there is no engine."""
    with ouzel.Client(runtime_dir) as client:
        for number, torrent in zip(range(times), itertools.cycle(torrents), strict=False):
            if stop is not None and stop.is_set():
                return
            with contextlib.suppress(ouzel.Refused):
                client.update_limits(torrent=torrent, download_bps=next(LIMITS))
                (client.resume if number // len(torrents) % 2 else client.pause)(torrent)


def things_happen(bare: Bare) -> None:
    """Waits for forty further events."""
    before = bare.ask("ping")["seq"]
    until(lambda: bare.ask("ping")["seq"] > before + 40, "things happen")


def another(daemon: Daemon, killed: int) -> bool:
    """Whether an engine runs that is not the killed one."""
    return daemon.engine_pid() != killed


@contextlib.contextmanager
def watching(matrix: Matrix, endpoints: Endpoints) -> Iterator[dict[str, Watch]]:
    """All clients watch, and each has printed its first snapshot."""
    with ExitStack() as stack:
        watches = {each: stack.enter_context(Watch(each, endpoints)) for each in matrix.languages}
        for language, watch in watches.items():
            first = watch.until(1, f"the first snapshot of {language}")
            assert [row["torrent"] for row in first["snapshot"]["torrents"]] == TORRENTS
        yield watches


def check(watch: Watch, history: History) -> None:
    """The client printed all events after each of its snapshots, in order and unchanged."""
    epoch, seq = "", 0
    for line in watch.lines[:]:
        if "snapshot" in line:
            epoch, seq = line["snapshot"]["epoch"], line["snapshot"]["seq"]
            continue
        seq += 1
        assert (line["epoch"], line["seq"]) == (epoch, seq)
        if seq <= len(history[epoch]):
            assert line == history[epoch][seq - 1]


def patiently(found: Callable[[], bool], what: str) -> None:
    """Like `until`, but a client that is late fails only its own cell."""
    with contextlib.suppress(AssertionError):
        until(found, what)


def catch_up(daemon: Daemon, watches: dict[str, Watch], epoch: str, seq: int) -> bool:
    """Causes a few more events, which reveal lost ones. Returns whether all clients have printed this number."""
    change(daemon.runtime_dir, TORRENTS, 3)
    return all(watch.reached(epoch, seq) for watch in watches.values())


def lose_more(daemon: Daemon, watches: dict[str, Watch]) -> bool:
    """Causes a few more events. Returns whether all clients have taken a third snapshot."""
    change(daemon.runtime_dir, TORRENTS, 3)
    return all(len(watch.snapshots()) > 2 for watch in watches.values())


def caught_up(watches: dict[str, Watch], endpoints: Endpoints) -> tuple[str, list[dict[str, Any]]]:
    """Returns the events so far, once all clients have printed them or have failed."""
    with Bare(endpoints) as bare:
        epoch, events = bare.history()
    patiently(lambda: all(watch.reached(epoch, len(events)) for watch in watches.values()), "all have caught up")
    return epoch, json.loads(json.dumps(events))


def test_no_event_is_missing_or_twice_through_the_deaths_of_engines(
    daemon: Daemon, endpoints: Endpoints, record_property: Any
) -> None:
    """Two engines are killed while clients change torrents."""
    add_all(daemon.client)
    with Matrix(record_property) as matrix, watching(matrix, endpoints) as watches:
        stop = threading.Event()
        with ThreadPoolExecutor(2) as pool, Bare(endpoints) as bare:
            halves = TORRENTS[:5], TORRENTS[5:]
            changes = [pool.submit(change, daemon.runtime_dir, half, 100_000, stop) for half in halves]
            try:
                for _ in range(2):
                    things_happen(bare)
                    killed = daemon.kill_engine()
                    until(partial(another, daemon, killed), "there is a next engine")
                things_happen(bare)
            finally:
                stop.set()
            for each in changes:
                each.result()
        until(daemon.healthy, "the last engine has all torrents")
        epoch, events = caught_up(watches, endpoints)
        assert {"limits_applied", "state_changed"} <= {event["type"] for event in events}
        assert sum(event["type"] == "engine_lost" for event in events) == 2
        for language, watch in watches.items():
            with matrix.cell("watch, engine killed", language):
                assert watch.reached(epoch, len(events)), watch.trouble
                assert len(watch.snapshots()) == 1
                check(watch, {epoch: events})
                assert watch.close() == 0


def test_lost_events_are_repaired_and_what_cannot_be_is_a_new_snapshot(
    root: Path, daemon: Daemon, endpoints: Endpoints, record_property: Any
) -> None:
    """Two of three events are lost, the supervisor is restarted, and events are lost that are no longer kept."""
    history: History = {}
    add_all(daemon.client)
    with (
        Between(root / "b", endpoints) as between,
        Matrix(record_property) as matrix,
    ):
        between.page = 4
        with watching(matrix, between.endpoints) as watches:
            for passes in (every_third, ticks):
                between.passes, before = passes, between.lost
                change(daemon.runtime_dir, TORRENTS, 20)
                with Bare(endpoints) as bare:
                    epoch, events = bare.history()
                patiently(partial(catch_up, daemon, watches, epoch, len(events)), "all have caught up")
                assert between.lost > before + 10
            epoch, history[epoch] = caught_up(watches, endpoints)
            between.passes = everything
            for language, watch in watches.items():
                with matrix.cell("watch, events lost", language):
                    assert watch.reached(epoch, len(history[epoch])), watch.trouble
                    assert len(watch.snapshots()) == 1
                    check(watch, history)

            daemon.stop()
            daemon.start()
            until(daemon.healthy, "the next supervisor has all torrents")
            change(daemon.runtime_dir, TORRENTS, 5)
            second, history[second] = caught_up(watches, endpoints)
            for language, watch in watches.items():
                with matrix.cell("watch, supervisor restarted", language):
                    assert watch.reached(second, len(history[second])), watch.trouble
                    assert [each["epoch"] for each in watch.snapshots()] == [epoch, second]
                    check(watch, history)

            between.forgetful, between.passes = True, every_third
            patiently(partial(lose_more, daemon, watches), "all have taken one more snapshot")
            between.forgetful, between.passes = False, everything
            change(daemon.runtime_dir, TORRENTS, 5)
            second, history[second] = caught_up(watches, endpoints)
            for language, watch in watches.items():
                with matrix.cell("watch, replay gone", language):
                    assert watch.reached(second, len(history[second])), watch.trouble
                    epochs = [each["epoch"] for each in watch.snapshots()]
                    assert len(epochs) > 2
                    assert epochs == [epoch] + [second] * (len(epochs) - 1)
                    check(watch, history)
                    assert watch.close() == 0
