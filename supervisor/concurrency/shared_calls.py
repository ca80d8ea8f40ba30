"""Calls in threads that several tasks share. Thousands of pipelined requests then need only a few threads."""

import asyncio
from collections.abc import Callable, Hashable
from functools import partial
from typing import Final, Generic, NamedTuple, TypeVar

from supervisor.concurrency.threads import begin_in_thread, in_thread

T = TypeVar("T")

HUNG_S: Final = 0.5
"""If a call has lasted for this time, new tasks make their own calls. Another disk may be mounted by now."""


class _Next(NamedTuple, Generic[T]):
    """The next call of a key. `done` gets a tuple with the result, or None after an error."""

    call: Callable[[], T]
    done: asyncio.Future[tuple[T] | None]


class SharedCalls(Generic[T]):
    """Shares the results of calls with equal keys.

    A task shares the next call, and never a call that is running already. So no result is out of date, and nothing is
    cached.
    """

    def __init__(self) -> None:
        self._running: dict[Hashable, float] = {}
        """By key: when the running call began, in the loop's time."""
        self._next: dict[Hashable, _Next[T]] = {}

    async def run(self, key: Hashable, call: Callable[[], T]) -> T:
        """Returns or raises the outcome of a call. Errors are not shared: after an error, each task calls again.

        Args:
            key: calls with equal keys do the same.
        """
        loop = asyncio.get_running_loop()
        began = self._running.get(key)
        if began is not None and loop.time() - began > HUNG_S:
            return await in_thread(call)
        shared = self._next.get(key)
        if shared is None:
            shared = self._next[key] = _Next(call, loop.create_future())
            if began is None:  # at the end of this iteration of the loop, so that all of its tasks share the call
                loop.call_soon(self._begin, key)
        result = await asyncio.shield(shared.done)
        return await in_thread(call) if result is None else result[0]

    def _begin(self, key: Hashable) -> None:
        shared = self._next.pop(key)
        try:
            answer = begin_in_thread(shared.call)
        except OSError:  # no thread can be started
            shared.done.set_result(None)
            return
        self._running[key] = asyncio.get_running_loop().time()
        answer.add_done_callback(partial(self._ended, key, shared.done))

    def _ended(self, key: Hashable, done: asyncio.Future[tuple[T] | None], answer: asyncio.Future[T]) -> None:
        del self._running[key]
        failed = answer.cancelled() or answer.exception() is not None
        done.set_result(None if failed else (answer.result(),))
        if key in self._next:
            self._begin(key)
