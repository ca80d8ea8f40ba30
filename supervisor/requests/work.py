"""Work that goes on when the deadline of the request that asked for it has passed, and what is known of it by then."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from protocol.wire.errors import ErrorKind, OuzelError

T = TypeVar("T")


class Works:
    """The tasks that mutations and reads from the disk run in.

    Args:
        group: where they run.
        stopping: whether the service goes down.
    """

    def __init__(self, group: asyncio.TaskGroup, stopping: Callable[[], bool]) -> None:
        self._group = group
        self._stopping = stopping
        self._at_work: set[asyncio.Task[Any]] = set()
        self._given_up = False

    def begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """A task that is given up at the end of the service."""
        task = self._group.create_task(work)
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)
        if self._given_up:
            task.cancel()
        return task

    async def by(self, deadline: float, work: asyncio.Task[T], *, accepted: bool | None = None) -> T | OuzelError:
        """What came of some work, which goes on if the deadline is earlier. `accepted`: what is known before it."""
        await asyncio.wait([work], timeout=deadline - asyncio.get_running_loop().time())
        return self.outcome(work, accepted=accepted)

    def outcome(self, work: asyncio.Task[T], *, accepted: bool | None = None) -> T | OuzelError:
        """What is known of some work by now."""
        if work.done() and not work.cancelled():
            return work.result()
        if self._stopping():
            problem = "the supervisor is shutting down"
            advice = "it is done after the restart" if accepted else "ask again after its restart"
            return OuzelError(ErrorKind.STOPPING, f"{problem}; {advice}", accepted=accepted)
        problem = "libtorrent has not confirmed it in time" if accepted else "the outcome was not known in time"
        advice = "it is on disk and will be done" if accepted else "it may still take effect; ask again under its id"
        return OuzelError(ErrorKind.DEADLINE_EXCEEDED, f"{problem}; {advice}", accepted=accepted)

    async def finish(self, patience_s: float) -> None:
        """Waits until all work has ended, for so long at the most."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience_s
        while self._at_work and loop.time() < deadline:
            await asyncio.wait(self._at_work, timeout=deadline - loop.time())

    def give_up(self) -> set[asyncio.Task[Any]]:
        """Cancels what is left, and all that is begun from now on. Returns what is left, which ends soon."""
        self._given_up = True
        for work in self._at_work:
            work.cancel()
        return set(self._at_work)
