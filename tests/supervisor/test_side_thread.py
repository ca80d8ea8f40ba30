import asyncio
import threading
import time

import pytest

from supervisor.side_thread import SideThread


async def test_what_is_done_comes_back() -> None:
    """Results and errors alike, from another thread."""
    thread = SideThread("test")
    assert await thread.do(lambda: threading.current_thread().name) == "test"
    with pytest.raises(ZeroDivisionError):
        await thread.do(lambda: 1 // 0)
    assert await thread.do(lambda: "still there") == "still there"


async def test_what_is_stuck_can_be_seen_and_given_up() -> None:
    """Since when; the loop goes on, and whoever waited can go."""
    thread, go_on = SideThread("test"), threading.Event()
    assert thread.busy_since() is None
    before = time.monotonic()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(thread.do(go_on.wait), 0.05)
    since = thread.busy_since()
    assert since is not None
    assert before <= since <= time.monotonic()
    go_on.set()
    await thread.do(lambda: None)


def test_a_loop_that_has_ended_is_of_no_interest_to_it() -> None:
    """The thread goes on with the next."""
    thread, go_on = SideThread("test"), threading.Event()

    async def leave() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(thread.do(go_on.wait), 0.01)

    asyncio.run(leave())
    go_on.set()
    assert asyncio.run(thread.do(lambda: 5)) == 5
