import _thread
import asyncio
import contextlib
import gc
import re
import threading

import pytest

from supervisor.concurrency.threads import in_thread


async def test_a_call_gives_what_it_returns_or_raises() -> None:
    """None is a result, too."""
    assert await in_thread(lambda: 7) == 7
    assert await in_thread(lambda: re.match("a", "b")) is None
    with pytest.raises(OSError, match="bad disk"):
        await in_thread(_fail)


async def test_a_thread_that_cannot_be_started_is_an_error_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """Like a full disk: callers handle it."""

    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(_thread, "start_new_thread", refuse)
    with pytest.raises(BlockingIOError, match="start new thread"):
        await in_thread(lambda: 7)


async def test_calls_that_hang_are_left_behind() -> None:
    """However many there are, others are carried out, and a caller can give up waiting."""
    hung = threading.Event()
    waiting = [asyncio.create_task(in_thread(hung.wait)) for _ in range(50)]
    try:
        assert await in_thread(lambda: 7) == 7
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await in_thread(hung.wait)
    finally:
        hung.set()
    assert await asyncio.gather(*waiting) == [True] * 50


def _fail() -> None:
    raise OSError("bad disk")


async def test_an_error_leaves_no_garbage_in_cycles() -> None:
    """The garbage collector would free them late, and in a long pause."""
    with contextlib.suppress(OSError):
        await in_thread(_fail)
    gc.collect()
    gc.disable()
    try:
        for _ in range(10):
            with contextlib.suppress(OSError):
                await in_thread(_fail)
        assert gc.collect() < 10
    finally:
        gc.enable()
