"""Requests in flight when the engine dies: each change at each moment, and any history of deaths."""

import asyncio
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.durable.resume_dir import ResumeDir
from protocol.internal.link_commands import Configure, DropTorrent, EngineCommand, EnsureTorrent
from protocol.internal.link_events import TorrentApplied
from protocol.internal.link_queries import InspectSource
from supervisor.engine.life.lifecycle import State
from tests.supervisor.bench import Bench, PlayedEngine, bench
from tests.supervisor.samples import OTHER, V1, desired

pytestmark = pytest.mark.slow

CHANGES: dict[str, dict[str, Any]] = {
    "remove_torrent": {"torrent": V1},
    "pause": {"torrent": V1},
    "resume": {"torrent": V1},
    "set_sequential": {"torrent": V1, "sequential": True},
    "update_limits": {"torrent": V1, "download_bps": 7},
    "update_limits of the session": {"download_bps": 8},
    "update_selection": {"torrent": V1, "include": ["*.mkv"]},
    "add_peers": {"torrent": V1, "peers": ["1.2.3.4:5"]},
    "add_torrent": {"magnet": f"magnet:{OTHER}"},
}
DEAF: tuple[type[EngineCommand], ...] = (EnsureTorrent, DropTorrent)


async def torrents(on: Bench, op: str) -> None:
    """One torrent in which each change has an effect."""
    await on.catalogue.put(desired(paused=op == "resume"))


async def until(on: Bench, holds: Callable[[], bool]) -> None:
    """Waits until something holds."""
    while not holds():
        await on.turn()


async def next_engine(on: Bench, *deaf: type[EngineCommand]) -> PlayedEngine:
    """The engine that the keeper has started or is about to start."""
    await on.keeper_restarted()
    return await on.engine(*deaf)


@contextmanager
def busy_disk(on: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Within it, nothing is written to the disk."""
    check, free = on.catalogue._commits.writer._check, threading.Event()

    def wait_and_check() -> None:
        free.wait()
        check()

    monkeypatch.setattr(on.catalogue._commits.writer, "_check", wait_and_check)
    try:
        yield
    finally:
        free.set()


def told(engine: PlayedEngine, op: str) -> bool:
    """Whether this engine got the change or the query."""
    kinds: dict[str, type[EngineCommand]] = {"remove_torrent": DropTorrent, "add_torrent": InspectSource}
    if op == "update_limits of the session":
        return sum(isinstance(command, Configure) for command in engine.commands) > 1
    if op in kinds:
        return any(isinstance(command, kinds[op]) for command in engine.commands)
    return any(isinstance(command, EnsureTorrent) and command.desired.revision == 2 for command in engine.commands)


def holds(on: Bench, op: str) -> bool:
    """Whether the last engine got the change, and it is on disk."""
    records = ResumeDir(on.directory / "resume")
    match op:
        case "remove_torrent":
            return not records.desired(V1).exists() and not on.catalogue.leaving
        case "add_torrent":
            return records.desired(OTHER).exists() and on.snapshot.of(OTHER).applied_revision == 1
        case "update_limits of the session":
            return records.session.exists() and on.snapshot.settings_revision == on.catalogue.session.revision
        case _:
            return on.snapshot.of(V1).applied_revision == on.catalogue.torrents[V1].revision == 2


@pytest.mark.parametrize("op", CHANGES)
async def test_a_death_while_the_disk_is_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, op: str) -> None:
    """The change becomes durable, and the next engine confirms it. There is one reply."""
    async with bench(tmp_path) as on:
        await torrents(on, op)
        await on.engine()
        client = on.client()
        with busy_disk(on, monkeypatch):
            number = await client.send(op.split()[0], CHANGES[op], wait="applied")
            await until(on, lambda: bool(on.catalogue._commits.under_way))
            await on.lose_engine()
        await next_engine(on)
        reply = await client.reply()
        assert (reply["id"], reply["ok"], reply["gen"]) == (number, True, 2)
        assert holds(on, op)
        assert await client.silence()


@pytest.mark.parametrize("op", CHANGES)
async def test_a_death_before_the_confirmation(tmp_path: Path, op: str) -> None:
    """The engine got the change, or a source to inspect, and died: the next one does it. There is one reply."""
    async with bench(tmp_path) as on:
        await torrents(on, op)
        engine = await on.engine()
        await until(on, lambda: on.snapshot.of(V1).applied_revision == 1)
        engine.deaf.update((*DEAF, Configure, InspectSource))
        client = on.client()
        number = await client.send(op.split()[0], CHANGES[op], wait="applied")
        await until(on, lambda: told(engine, op))
        await on.lose_engine()
        await next_engine(on)
        reply = await client.reply()
        assert (reply["id"], reply["ok"], reply["gen"]) == (number, True, 2)
        assert holds(on, op)
        assert await client.silence()


@pytest.mark.parametrize("op", CHANGES)
async def test_without_an_engine_what_is_asked_is_done_by_the_next(tmp_path: Path, op: str) -> None:
    """Between two engines it is accepted, and confirmed by the next one. There is one reply."""
    async with bench(tmp_path) as on:
        await torrents(on, op)
        await on.engine()
        await on.lose_engine()
        assert not on.link.up
        client = on.client()
        number = await client.send(op.split()[0], CHANGES[op], wait="applied")
        await next_engine(on)
        reply = await client.reply()
        assert (reply["id"], reply["ok"], reply["gen"]) == (number, True, 2)
        assert holds(on, op)
        assert await client.silence()


@pytest.mark.parametrize("op", CHANGES)
async def test_over_budget_what_is_durable_is_accepted_and_says_so(tmp_path: Path, op: str) -> None:
    """`durable` is OK; `applied` ends at its deadline with `accepted` true. An add needs an engine."""
    async with bench(tmp_path, budget=0) as on:
        await torrents(on, op)
        await on.spend_budget()
        client = on.client()
        reply = await client.ask(op.split()[0], CHANGES[op], id=1, wait="applied", deadline_ms=300)
        if op == "add_torrent":
            assert (reply["error"]["name"], reply["error"]["accepted"]) == ("engine_unavailable", False)
        else:
            assert (reply["error"]["name"], reply["error"]["accepted"]) == ("deadline_exceeded", True)
            assert (await client.ask(op.split()[0], CHANGES[op], id=1))["dup"]
        assert await client.silence()


async def test_an_add_that_nobody_could_judge_in_time_says_that_nothing_was_accepted(tmp_path: Path) -> None:
    """Also at the deadline itself, and while waiting for a removal: never that it may still take effect."""
    async with bench(tmp_path) as on:
        client = on.client()
        for _ in range(10):
            reply = await client.ask("add_torrent", {"magnet": f"magnet:{OTHER}"}, deadline_ms=60)
            assert (reply["error"]["name"], reply["error"]["accepted"]) == ("engine_unavailable", False)
        await on.catalogue.put(desired())
        await on.engine(DropTorrent)
        assert (await client.ask("remove_torrent", {"torrent": V1}))["ok"]
        for _ in range(10):
            reply = await client.ask("add_torrent", {"magnet": f"magnet:{V1}"}, deadline_ms=60)
            assert (reply["error"]["name"], reply["error"]["accepted"]) == ("torrent_busy", False)


async def test_errors_say_whether_anything_was_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Yes, no, or absent if the disk has not answered; a repeat returns the outcome."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        engine = await on.engine(EnsureTorrent)
        client = on.client()
        assert (await client.ask("pause", {"torrent": "x"}))["error"]["accepted"] is False
        assert "accepted" not in (await client.ask("get_torrent", {"torrent": OTHER}))["error"]
        assert (await client.ask("pause", {"torrent": OTHER}))["error"]["accepted"] is False
        assert (await client.ask("pause", {"torrent": V1}, id="p", wait="applied", deadline_ms=200))["error"][
            "accepted"
        ] is True
        assert (await client.ask("resume", {"torrent": V1}, id="p"))["error"]["accepted"] is False
        with busy_disk(on, monkeypatch):
            reply = await client.ask("resume", {"torrent": V1}, id="r", deadline_ms=50)
            assert reply["error"]["name"] == "deadline_exceeded"
            assert "accepted" not in reply["error"]
        assert (await client.ask("resume", {"torrent": V1}, id="r"))["dup"]
        waiting = await client.send("pause", {"torrent": V1}, wait="applied")
        await engine.given(EnsureTorrent, 4)
        await engine.tell(TorrentApplied(torrent=V1, revision=4, problem="cannot do that"))
        reply = await client.reply()
        assert (reply["id"], reply["error"]["name"], reply["error"]["accepted"]) == (waiting, "engine_refused", True)
        waiting = await client.send("resume", {"torrent": V1}, wait="applied")
        await engine.given(EnsureTorrent, 5)
        on.stopping = True
        assert (await client.ask("pause", {"torrent": V1}))["error"]["accepted"] is False
        await on.requests.close()
        reply = await client.reply()
        assert (reply["id"], reply["error"]["name"], reply["error"]["accepted"]) == (waiting, "stopping", True)


async def test_a_client_that_left_in_an_outage_is_nobody_s_trouble(tmp_path: Path) -> None:
    """The next engine carries out its change; nothing is kept for the client."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        await on.engine()
        await on.lose_engine()
        leaving, staying = on.client(), on.client()
        await leaving.send("pause", {"torrent": V1}, wait="applied", deadline_ms=500)
        await until(on, lambda: on.catalogue.torrents[V1].paused)
        leaving.socket.close(linger=0)
        await staying.send("set_sequential", {"torrent": V1, "sequential": True}, wait="applied")
        await next_engine(on)
        assert (await staying.reply())["ok"]
        await until(on, lambda: not on.requests._answering)
        assert on.catalogue.torrents[V1].paused
        assert not on.waiters._waiting.get(V1)


STEPS = st.lists(
    st.sampled_from([*CHANGES, "the engine dies", "a deaf engine", "an engine", "time passes"]), min_size=1, max_size=14
)


@settings(max_examples=40)
@given(steps=STEPS)
def test_whatever_dies_when_each_request_has_one_reply_and_the_last_word_holds(steps: list[str]) -> None:
    """For any order of changes, deaths and silent engines, followed by an engine that answers."""
    with tempfile.TemporaryDirectory(prefix="ouzel-") as directory:
        asyncio.run(_history(Path(directory), steps))


def _is_applied(on: Bench, torrent: str) -> bool:
    return on.snapshot.of(torrent).applied_revision > 0


async def _history(directory: Path, steps: list[str]) -> None:
    async with asyncio.timeout(30), bench(directory, budget=1000) as on:
        await on.catalogue.put(desired())
        on.keeper.start()
        client = on.client()
        up: PlayedEngine | None = None
        asked: dict[str, str] = {}
        for position, step in enumerate(steps):
            if step in CHANGES:
                number = f"{position}"
                asked[number] = step
                await client.send(step.split()[0], CHANGES[step], id=number, wait="applied")
            elif step == "time passes":
                await asyncio.sleep(0.002)
            elif step == "the engine dies":
                if on.keeper.child is not None:
                    await on.lose_engine()
                    up = None
            elif up is None:
                up = await next_engine(on, *((*DEAF, InspectSource) if step == "a deaf engine" else ()))
        if up is not None:
            await on.lose_engine()
        up = await next_engine(on)
        replies: dict[str, dict[str, Any]] = {}
        while len(replies) < len(asked):
            reply = await client.reply()
            assert reply["id"] not in replies
            replies[reply["id"]] = reply
        assert replies.keys() == asked.keys()
        for number, op in asked.items():
            if not replies[number]["ok"]:
                error = replies[number]["error"]
                assert error["accepted"] is False
                # V1 may have been removed before; a source is refused after two engines have died.
                assert error["name"] == ("engine_lost" if op == "add_torrent" else "unknown_torrent")
        assert await client.silence()
        assert on.keeper.lifecycle.state is State.RUNNING
        await until(on, lambda: not on.catalogue.leaving)
        for torrent, wanted in on.catalogue.torrents.items():
            # Without an answered change, no request has waited for this yet.
            await until(on, partial(_is_applied, on, torrent))
            last = [each.desired for each in up.commands if isinstance(each, EnsureTorrent)]
            assert next(each for each in reversed(last) if each.torrent == torrent) == wanted
            assert on.snapshot.of(torrent).applied_revision == wanted.revision
