import asyncio
from pathlib import Path
from signal import Signals
from typing import Any

import msgspec
import pytest
import structlog
import zmq

from protocol.internal.link_commands import Configure, Drain
from protocol.internal.link_events import EngineReady
from supervisor.engine.life import lifecycle
from supervisor.engine.life.keeper import Keeper
from supervisor.engine.life.lifecycle import State, Timer
from supervisor.engine.life.restart_policy import SETTLED_S, RestartPolicy
from supervisor.engine.process.child import Child, Death
from supervisor.engine.process.engine_link import EngineLink
from supervisor.engine.process.engine_socket import EngineSocket
from supervisor.pacing.backoff import Backoff
from tests.supervisor.bench import KILLED, Bench, PlayedChild, bench
from tests.supervisor.sockets import Sockets


async def test_an_engine_is_spawned_and_becomes_ready(tmp_path: Path) -> None:
    """Generation 1; the link is up only after the engine has said so."""
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
    """Each death once, after the lifecycle has decided the next step; the link is down in between."""
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
    """The probe's timer runs, and the keeper can be stopped."""
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


async def test_a_recycled_engine_is_drained_and_followed_by_another(tmp_path: Path) -> None:
    """It costs no restart budget; without a running engine nothing is recycled."""
    async with bench(tmp_path, budget=0) as on:
        assert not on.keeper.recycle("too early")
        engine = await on.engine()
        child = on.child
        assert on.keeper.recycle("it has grown too large")
        assert not on.keeper.recycle("once is enough")
        await engine.given(Drain)
        await engine.stop()
        child.die(Death(exit_code=0, signal=None))
        await on.keeper_restarted()
        await on.engine()
        assert (on.keeper.gen, on.keeper.restarts, child.kills) == (2, 1, 0)
        assert on.keeper.lifecycle.crashes == ()
        assert [entry["level"] for entry in on.logged if entry["event"] == "engine_exited"] == ["info"]


async def test_a_stop_before_the_start_is_the_end(tmp_path: Path) -> None:
    """There is no engine to wait for."""
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
    """If a drain or a start takes too long, the process is killed, and the next step follows."""
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
        reason = "had not exited 15 s after the start of its drain" if ready else "was not ready within 30 s"
        death = Death(exit_code=None, signal=child.signals[0].name, killed_for=reason)
        assert on.crashed[0] == death
        assert on.losses[:1] == ([] if ready else [(1, death)])  # clients learn of the last one by the end itself


async def test_an_engine_that_cannot_be_trusted_is_killed_with_a_reason(tmp_path: Path) -> None:
    """Its death is a crash like any other; without an engine nothing is killed."""
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
    """From the first signal on, even if it survives that for a while."""
    async with bench(tmp_path) as on:
        engine = await on.engine()
        on.child.bears.add(Signals.SIGABRT)
        on.keeper.kill("hangs")
        assert not on.link.up
        await engine.tell(EngineReady(pid=1, libtorrent="0.late", listen_port=1))
        while not on.losses:
            await on.turn()
        assert on.face.libtorrent == "2.0"
        assert [death.signal for death in on.crashed] == ["SIGKILL"]


async def test_only_ends_that_nobody_wanted_are_crashes(tmp_path: Path) -> None:
    """Neither a clean drain nor the end of an engine without anything to save is one."""
    async with bench(tmp_path) as on:
        await on.engine()
        await on.lose_engine()
        assert on.crashed == [KILLED]
        await on.keeper_restarted()
        on.keeper.stop()
        await on.finished.wait()
        assert on.crashed == [KILLED]


async def test_a_crash_while_it_drains_is_one(tmp_path: Path) -> None:
    """It should end, but not by a crash."""
    async with bench(tmp_path) as on:
        await on.engine()
        on.keeper.stop()
        on.child.die(Death(exit_code=None, signal="SIGSEGV"))
        assert on.crashed == [Death(exit_code=None, signal="SIGSEGV")]


async def test_deaths_are_logged_by_how_bad_they_are(tmp_path: Path) -> None:
    """A requested death is logged as info, any other as an error."""
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
    """A defect of the engine ends the engine, and is no error of the supervisor."""
    async with bench(tmp_path) as on:
        engine = await on.engine()
        await engine.tell(EngineReady(pid=1, libtorrent="2.0", listen_port=1))
        async with asyncio.timeout(2):
            while not on.losses:
                await on.turn()
        assert on.losses == [(1, Death(exit_code=None, signal="SIGABRT", killed_for="reported twice that it is ready"))]


async def test_a_start_that_fails_is_dealt_with_like_a_death(tmp_path: Path) -> None:
    """Without memory, processes or descriptors: the outage ends as soon as these are available."""
    with Sockets(tmp_path) as sockets:
        attempts: list[int] = []
        enough = asyncio.Event()
        socket = EngineSocket(sockets.bind(zmq.ROUTER, "link"))
        link = EngineLink(socket, lambda: None, lambda _: None, lambda _: None)

        def spawn(gen: int, _: Any) -> Child:
            attempts.append(gen)
            if len(attempts) == 2:
                enough.set()
            raise BlockingIOError(11, "Resource temporarily unavailable")

        keeper = Keeper(
            policy=RestartPolicy(window_s=60, budget=5, backoff=Backoff(lambda _: 0.0)),
            link=link,
            spawn=spawn,
            on_spawned=lambda _, __: None,
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
            socket.close()


async def settled(on: Bench) -> PlayedChild:
    """Lets the running engine become stable, and a spare be made. Returns the spare."""
    ready_at = on.keeper.lifecycle.ready_at
    assert ready_at is not None
    on.keeper.lifecycle = msgspec.structs.replace(on.keeper.lifecycle, ready_at=ready_at - SETTLED_S)
    on.keeper.prepare_spare()
    return on.children[-1]


async def test_a_spare_is_made_once_the_engine_has_settled(tmp_path: Path) -> None:
    """Neither during its start nor right after it.

    The spare's generation is the next one, and the engine stays the same.
    """
    async with bench(tmp_path, spare=True) as on:
        on.keeper.prepare_spare()
        on.keeper.start()
        on.keeper.prepare_spare()
        await on.engine()
        on.keeper.prepare_spare()
        assert [child.gen for child in on.children] == [1]
        spare = await settled(on)
        on.keeper.prepare_spare()
        assert [child.gen for child in on.children] == [1, 2]
        assert (on.keeper.gen, on.publisher.gen) == (1, 1)
        assert on.keeper.child is not spare


async def test_a_keeper_without_spares_makes_none(tmp_path: Path) -> None:
    """However long the engine runs."""
    async with bench(tmp_path, spare=False) as on:
        await on.engine()
        assert await settled(on) is on.child
        assert len(on.children) == 1


async def test_the_spare_is_the_next_engine(tmp_path: Path) -> None:
    """It had sent messages and is configured at once. No process is spawned, and a new spare is made later."""
    async with bench(tmp_path, spare=True) as on:
        await on.engine()
        spare = await settled(on)
        engine = on.play(spare.gen)
        while not any(entry["event"] == "spare_ready" for entry in on.logged):
            await on.turn()
        on.ready.clear()
        on.child.die(KILLED)
        await on.ready.wait()
        assert await engine.given(Configure)
        assert (on.keeper.child, on.keeper.gen, on.publisher.gen, on.keeper.restarts) == (spare, 2, 2, 1)
        assert len(on.children) == 2
        assert [entry["warm"] for entry in on.logged if entry["event"] == "engine_spawned"] == [False, True]
        assert (await settled(on)).gen == 3


async def test_the_spares_death_is_no_death_of_the_engine(tmp_path: Path) -> None:
    """The next engine is started as if there had been no spare."""
    async with bench(tmp_path, spare=True) as on:
        await on.engine()
        spare = await settled(on)
        spare.die(KILLED)
        assert (on.losses, on.keeper.lifecycle.state, on.link.up) == ([], State.RUNNING, True)
        on.keeper.prepare_spare()
        assert len(on.children) == 2, "not at once"
        await on.lose_engine()
        await on.keeper_restarted()
        assert on.child.gen == 3
        await on.engine()


async def test_a_spare_that_is_out_of_date_is_passed_over(tmp_path: Path) -> None:
    """It is ended, and another engine is started; its late death is not the engine's."""
    async with bench(tmp_path, spare=True) as on:
        await on.engine()
        spare = await settled(on)
        on.fingerprint = "two"
        on.child.die(KILLED)
        await on.keeper_restarted()
        assert (on.child.gen, spare.kills) == (3, 1)
        while not spare.dead:
            await on.turn()
        await on.engine()
        assert (len(on.losses), on.keeper.lifecycle.state) == (1, State.RUNNING)


async def test_engines_that_die_young_have_no_spare(tmp_path: Path) -> None:
    """A spare may have the cause of the deaths, too: after the first fast failure each engine is started anew."""
    async with bench(tmp_path, spare=True) as on:
        await on.engine()
        await settled(on)
        for _ in range(3):
            on.child.die(KILLED)
            await on.keeper_restarted()
            on.keeper.prepare_spare()
        warm = [entry["warm"] for entry in on.logged if entry["event"] == "engine_spawned"]
        assert warm == [False, True, False, False]


@pytest.mark.parametrize("with_engine", [True, False])
async def test_a_stop_ends_the_spare_and_does_not_wait_for_it(tmp_path: Path, with_engine: bool) -> None:
    """Only the engine is drained."""
    async with bench(tmp_path, spare=True, budget=5 if with_engine else 0) as on:
        await on.engine()
        spare = await settled(on)
        if not with_engine:
            on.child.die(KILLED)
            assert on.keeper.lifecycle.state is State.OVER_BUDGET
        on.keeper.stop()
        assert spare.kills == 1
        assert on.finished.is_set() is not with_engine
        on.keeper.prepare_spare()
        assert len(on.children) == 2
        if with_engine:
            on.child.die(Death(exit_code=0, signal=None))
        assert on.finished.is_set()


async def test_an_excused_death_does_not_count(tmp_path: Path) -> None:
    """Code that knows the cause says so: no back-off and no budget, however often."""
    async with bench(tmp_path, budget=0) as on:
        on.excused.add(KILLED)
        await on.engine()
        for gen in range(2, 6):
            await on.lose_engine()
            assert (on.keeper.lifecycle.crashes, on.keeper.lifecycle.next_start_s) == ((), 0.0)
            await on.keeper_restarted()
            assert on.keeper.gen == gen
            await on.engine()
        on.child.die(Death(exit_code=1, signal=None))
        assert on.keeper.lifecycle.state is State.OVER_BUDGET


async def test_there_is_a_next_engine_whatever_becomes_of_telling_of_the_last(tmp_path: Path) -> None:
    """A failing report or listener is a defect, but having no engine is worse."""
    async with bench(tmp_path) as on:
        await on.engine()

        def fail(*_: object) -> None:
            raise RuntimeError("a defect")

        on.keeper._on_crashed = on.keeper._on_lost = fail
        with pytest.raises(RuntimeError):
            on.child.die(KILLED)
        await on.keeper_restarted()
        assert on.keeper.gen == 2


async def test_an_engine_that_is_being_killed_is_not_recycled(tmp_path: Path) -> None:
    """Its death is a crash, and stays one."""
    async with bench(tmp_path) as on:
        await on.engine()
        on.keeper.kill("it hangs")
        assert not on.keeper.recycle("it is too large")
