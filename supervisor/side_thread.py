"""A thread beside the loop, for what may block on a disk that does not answer."""

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class SideThread:
    """Does one thing after the other. It is never waited for: one that is stuck ends with the process."""

    def __init__(self, name: str) -> None:
        self._work: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._since: float | None = None
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def busy_since(self) -> float | None:
        """Since when it does what it is doing, in monotonic seconds; None while it does nothing."""
        return self._since

    async def do(self, function: Callable[[], T]) -> T:
        """What the function returns, or raises, in the thread."""
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[T] = loop.create_future()

        def settle(set_outcome: Callable[[Any], None], value: Any) -> None:
            if not outcome.done():
                set_outcome(value)

        def work() -> None:
            told: tuple[Callable[[Any], None], Any]
            try:
                told = (outcome.set_result, function())
            except Exception as error:  # noqa: BLE001  # raised again by who waits for it
                told = (outcome.set_exception, error)
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(settle, *told)

        self._work.put(work)
        return await outcome

    def _run(self) -> None:
        while True:
            work = self._work.get()
            self._since = time.monotonic()
            work()
            self._since = None
