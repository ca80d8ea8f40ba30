import asyncio
from pathlib import Path
from signal import Signals
from typing import Any

import pytest
import structlog
import zmq

from protocol.link import Configure, Drain, EngineReady
from supervisor import lifecycle
from supervisor.child import Child, Death
from supervisor.engine_link import EngineLink
from supervisor.keeper import Keeper
from supervisor.lifecycle import State, Timer
from supervisor.restart_policy import RestartPolicy
from tests.supervisor.bench import KILLED, bench
from tests.supervisor.sockets import Sockets


async def test_an_engine_is_spawned_and_becomes_ready(tmp_path: Path) -> None:
    """Generation 1; the link is up only once the engine said so."""
    async with bench(tmp_path) as on:
        assert (on.keeper.gen, on.keeper.restarts, on.keeper.child) == (0, 0, None)
        on.keeper.start()
        assert (on.keeper.gen, on.child.gen, on.publisher.gen) == (1, 1, 1)
        up = [on.link.up]
        await on.engine()
        up.append(on.link.up)
        assert up == [False, True]
        assert on.keeper.lifecycle.state is State.RUNNING
        assert set(on.keeper._timers) == {Timer.STABLE}


async def test_a_death_is_told_and_followed_by_the_next_generation(tmp_path: Path) -> None:
    """Each death once, after the lifecycle decided what comes next; the link is down in between."""
    async with bench(tmp_path) as on:
        for gen in range(1, 4):
            await on.engine()
            await on.lose_engine()
            assert on.losses == [(number, KILLED) for number in range(1, gen + 1)]
            assert on.keeper.lifecycle.next_start_s is not None
            assert not on.link.up
            await on.keeper_restarted()
            assert (on.keeper.gen, on.keeper.restarts) == (gen + 1, gen)


async def test_over_budget_nothing_is_spawned(tmp_path: Path) -> None:
    """The probe's timer runs, and the keeper can still be stopped."""
    async with bench(tmp_path, budget=2) as on:
        await on.spend_budget()
        assert (len(on.losses), on.keeper.gen, on.keeper.child) == (3, 3, None)
        assert set(on.keeper._timers) == {Timer.BACK_OFF}
        on.keeper.stop()
        assert on.finished.is_set()
        assert on.keeper._timers == {}


async def test_a_stop_drains_the_engine(tmp_path: Path) -> None:
    """It is asked, not killed; the end follows its death."""
    async with bench(tmp_path) as on:
        engine = await on.engine()
        child = on.child
        on.keeper.stop()
        on.keeper.stop()
        assert on.keeper.stopping
        await engine.given(Drain)
        assert not on.finished.is_set()
        child.die(Death(exit_code=0, signal=None))
        assert on.finished.is_set()
        assert (child.kills, on.keeper._timers, on.keeper.lifecycle.state) == (0, {}, State.STOPPED)


async def test_a_stop_before_the_start_is_the_end(tmp_path: Path) -> None:
    """No engine, nothing to wait for."""
    async with bench(tmp_path) as on:
        on.keeper.stop()
        assert on.finished.is_set()
        assert on.keeper.gen == 0


async def test_an_engine_that_is_not_ready_is_killed_by_a_stop(tmp_path: Path) -> None:
    """It has nothing to save."""
    async with bench(tmp_path) as on:
        await on.engine(Configure)
        child = on.child
        on.keeper.stop()
        await on.finished.wait()
        assert child.kills == 1


@pytest.mark.parametrize("ready", [True, False])
async def test_deadlines_end_in_a_kill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ready: bool) -> None:
    """A drain that takes too long, a start that takes too long: the process goes, and what comes next comes."""
    monkeypatch.setattr(lifecycle, "START_DEADLINE_S", 30.0 if ready else 0.01)
    monkeypatch.setattr(lifecycle, "STOP_DEADLINE_S", 0.01)
    async with bench(tmp_path) as on:
        if ready:
            await on.engine()
            child = on.child
            on.keeper.stop()
            await on.finished.wait()
        else:
            on.keeper.start()
            child = on.child
            while on.keeper.gen == 1:
                await on.turn()
        assert child.signals == [Signals.SIGTERM if ready else Signals.SIGABRT]
        reason = "was asked to leave, and had not after 15 s" if ready else "did not take commands within 30 s"
        death = Death(exit_code=None, signal=child.signals[0].name, killed_for=reason)
        assert on.losses[0] == (1, death)
        assert on.crashed[0] == death


async def test_an_engine_that_cannot_be_trusted_is_killed_with_a_reason(tmp_path: Path) -> None:
    """Its death is a crash like any other; without an engine there is nobody to kill."""
    async with bench(tmp_path) as on:
        on.keeper.kill("nobody there")
        await on.engine()
        child = on.child
        on.keeper.kill("sent garbage")
        while not on.losses:
            await on.turn()
        assert child.kills == 1
        await on.keeper_restarted()
        reasons = [entry["reason"] for entry in on.logged if entry["event"] == "engine_killed"]
        assert reasons == ["nobody there", "sent garbage"]


async def test_what_a_condemned_engine_says_is_not_heard(tmp_path: Path) -> None:
    """From the first signal on, though it may bear that one for a while."""
    async with bench(tmp_path) as on:
        engine = await on.engine()
        on.child.bears.add(Signals.SIGABRT)
        on.keeper.kill("hangs")
        assert not on.link.up
        await engine.tell(EngineReady(pid=1, libtorrent="0.late", listen_port=1))
        while not on.losses:
            await on.turn()
        assert on.reads.libtorrent == "2.0"
        assert [death.signal for death in on.crashed] == ["SIGKILL"]


async def test_only_ends_that_nobody_wanted_are_crashes(tmp_path: Path) -> None:
    """Neither a drain that ends well, nor the end of an engine that had nothing to save."""
    async with bench(tmp_path) as on:
        await on.engine()
        await on.lose_engine()
        assert on.crashed == [KILLED]
        await on.keeper_restarted()
        on.keeper.stop()
        await on.finished.wait()
        assert on.crashed == [KILLED]


async def test_a_crash_while_it_drains_is_one(tmp_path: Path) -> None:
    """It was to end, but not like that."""
    async with bench(tmp_path) as on:
        await on.engine()
        on.keeper.stop()
        on.child.die(Death(exit_code=None, signal="SIGSEGV"))
        assert on.crashed == [Death(exit_code=None, signal="SIGSEGV")]


async def test_deaths_are_logged_by_how_bad_they_are(tmp_path: Path) -> None:
    """One that was asked for is information, any other is an error."""
    async with bench(tmp_path) as on:
        await on.engine()
        await on.lose_engine()
        await on.keeper_restarted()
        await on.engine()
        on.keeper.stop()
        on.child.die(Death(exit_code=0, signal=None))
        exits = [entry for entry in on.logged if entry["event"] == "engine_exited"]
        assert [[entry[key] for key in ("gen", "signal", "exit_code", "level")] for entry in exits] == [
            [1, "SIGKILL", None, "error"],
            [2, None, 0, "info"],
        ]


async def test_an_engine_that_is_ready_twice_is_not_trusted(tmp_path: Path) -> None:
    """A defect of the engine's ends the engine, and is no error of the supervisor's."""
    async with bench(tmp_path) as on:
        engine = await on.engine()
        await engine.tell(EngineReady(pid=1, libtorrent="2.0", listen_port=1))
        async with asyncio.timeout(2):
            while not on.losses:
                await on.turn()
        assert on.losses == [(1, Death(exit_code=None, signal="SIGABRT", killed_for="said twice that it is ready"))]


async def test_a_start_that_fails_is_dealt_with_like_a_death(tmp_path: Path) -> None:
    """No memory, no process, no descriptor: the outage has an end all the same, as soon as there are some again."""
    with Sockets(tmp_path) as sockets:
        attempts: list[int] = []
        enough = asyncio.Event()
        link = EngineLink(sockets.bind(zmq.ROUTER, "link"), lambda: None, lambda _: None, lambda _: None)

        def spawn(gen: int, _: Any) -> Child:
            attempts.append(gen)
            if len(attempts) == 2:
                enough.set()
            raise BlockingIOError(11, "Resource temporarily unavailable")

        keeper = Keeper(
            policy=RestartPolicy(window_s=60, budget=5, wait=lambda _: 0.0),
            link=link,
            spawn=spawn,
            on_spawned=lambda _: None,
            on_lost=lambda _, __: None,
            on_finished=lambda: None,
            log=structlog.wrap_logger(
                structlog.ReturnLogger(), wrapper_class=structlog.make_filtering_bound_logger(50), processors=[]
            ),
        )
        try:
            keeper.start()
            async with asyncio.timeout(2):
                await enough.wait()
        finally:
            for timer in list(keeper._timers):
                keeper._cancel(timer)
            link.close()
