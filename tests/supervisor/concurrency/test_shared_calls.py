import asyncio
import itertools
import random
import threading
import time

import pytest

from supervisor.concurrency import shared_calls
from supervisor.concurrency.shared_calls import SharedCalls


async def test_tasks_of_one_iteration_share_a_call() -> None:
    """Of each key, there is one call."""
    numbers = itertools.count()
    calls: SharedCalls[int] = SharedCalls()
    found = await asyncio.gather(*(calls.run(key, lambda: next(numbers)) for key in "ab" for _ in range(100)))
    assert sorted(set(found)) == [0, 1]
    assert [len(set(found[:100])), len(set(found[100:]))] == [1, 1]
    assert await calls.run("a", lambda: next(numbers)) == 2, "nothing is cached"
    assert not calls._running
    assert not calls._next


async def test_a_running_call_is_not_joined() -> None:
    """What it has seen may be older than the request."""
    began, go = threading.Event(), threading.Event()
    calls: SharedCalls[str] = SharedCalls()

    def first() -> str:
        began.set()
        go.wait()
        return "old"

    one = asyncio.create_task(calls.run("key", first))
    await asyncio.to_thread(began.wait)
    later = [asyncio.create_task(calls.run("key", lambda: "new")) for _ in range(3)]
    await asyncio.sleep(0)
    go.set()
    assert await one == "old"
    assert await asyncio.gather(*later) == ["new"] * 3


async def test_no_result_is_older_than_its_request() -> None:
    """Whenever requests come, and however long calls take."""
    calls: SharedCalls[int] = SharedCalls()
    chance = random.Random(1)

    def call() -> int:
        now = time.monotonic_ns()
        time.sleep(chance.random() / 2000)
        return now

    async def ask() -> None:
        for _ in range(20):
            asked = time.monotonic_ns()
            assert await calls.run(chance.choice("ab"), call) >= asked
            for _ in range(chance.randrange(4)):
                await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        for _ in range(10):
            group.create_task(ask())


async def test_an_error_is_not_shared() -> None:
    """Each task gets an error of its own, since errors are changed on their way to the client."""
    calls: SharedCalls[int] = SharedCalls()

    def fail() -> int:
        raise OSError("bad disk")

    errors = await asyncio.gather(*(calls.run("key", fail) for _ in range(3)), return_exceptions=True)
    assert [str(error) for error in errors] == ["bad disk"] * 3
    assert len({id(error) for error in errors}) == 3


async def test_a_task_that_gives_up_takes_nothing_from_others() -> None:
    """They get the result of the call that it has begun."""
    go = threading.Event()
    calls: SharedCalls[bool] = SharedCalls()
    hasty, patient = (asyncio.create_task(calls.run("key", go.wait)) for _ in range(2))
    await asyncio.sleep(0)
    hasty.cancel()
    await asyncio.wait([hasty])
    go.set()
    assert await patient
    assert hasty.cancelled()


async def test_nobody_waits_for_a_call_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another disk may be mounted meanwhile, so the next request looks by itself."""
    monkeypatch.setattr(shared_calls, "HUNG_S", 0.0)
    began, go = threading.Event(), threading.Event()
    calls: SharedCalls[bool] = SharedCalls()

    def hang() -> bool:
        began.set()
        return go.wait()

    hung = asyncio.create_task(calls.run("key", hang))
    try:
        await asyncio.to_thread(began.wait)
        assert await calls.run("key", lambda: False) is False
        assert not hung.done()
    finally:
        go.set()
    assert await hung
