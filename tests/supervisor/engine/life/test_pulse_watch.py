import asyncio
import time

import pytest

from protocol.internal.link_events import Heartbeat
from supervisor.engine.life import pulse
from supervisor.engine.life.pulse_watch import PulseWatch

pytestmark = pytest.mark.slow


async def test_what_the_pulse_says_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A problem, its end, and then a hang; in real time, with short deadlines."""
    for name, value in (("TICK_S", 0.01), ("SUSPECT_S", 0.2), ("DEADLINE_S", 0.6)):
        monkeypatch.setattr(pulse, name, value)
    problems: list[str | None] = []
    hung: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    news = asyncio.Event()

    def suspected(problem: str | None) -> None:
        problems.append(problem)
        news.set()

    watch = PulseWatch(patient=lambda: False, excused=lambda: False, on_suspect=suspected, on_hang=hung.set_result)
    running = asyncio.create_task(watch.run())
    try:
        watch.begin(heard=False)
        watch.beat(Heartbeat(loops=1, native_age_ms=0))
        await news.wait()
        assert problems[0] is not None
        news.clear()
        watch.beat(Heartbeat(loops=2, native_age_ms=0))
        await news.wait()
        assert problems[1:] == [None]
        watch.confirmed()
        assert "nothing was heard" in await hung
        news.clear()
        watch.end()
        assert problems[-1] is None
    finally:
        running.cancel()


def test_confirmations_in_a_row_count_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """One every twentieth of a second is passed on, however many come."""
    now, stepped = 1000.0, []

    def step(was: pulse.Pulse, event: pulse.Input, at: float) -> pulse.Outcome:
        stepped.append(at)
        return was, []

    monkeypatch.setattr(pulse, "step", step)
    monkeypatch.setattr(time, "monotonic", lambda: now)
    watch = PulseWatch(patient=lambda: True, excused=lambda: False, on_suspect=lambda _: None, on_hang=lambda _: None)
    for _ in range(1000):
        watch.confirmed()
        now += 0.001
    assert len(stepped) in (20, 21)
    assert stepped[0] == 1000.0


async def test_time_stands_still_for_who_is_excused(monkeypatch: pytest.MonkeyPatch) -> None:
    """And continues afterwards."""
    for name, value in (("TICK_S", 0.01), ("SUSPECT_S", 0.1), ("DEADLINE_S", 0.2)):
        monkeypatch.setattr(pulse, name, value)
    asked = 0
    enough = asyncio.Event()
    hung: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def excused() -> bool:
        nonlocal asked
        asked += 1
        if asked == 50:
            enough.set()
        return asked <= 50

    watch = PulseWatch(patient=lambda: False, excused=excused, on_suspect=lambda _: None, on_hang=hung.set_result)
    running = asyncio.create_task(watch.run())
    try:
        watch.begin(heard=False)
        watch.beat(Heartbeat(loops=1, native_age_ms=0))
        await enough.wait()
        assert not hung.done()
        await hung
    finally:
        running.cancel()
