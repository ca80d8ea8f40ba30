"""Tasks that may go on after the deadlines of their requests.

At the deadline, each task has an outcome for the client.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from protocol.wire.errors import ErrorKind, OuzelError

T = TypeVar("T")


class Works:
    """The tasks of mutations and disk reads.

    Args:
        group: runs the tasks.
        stopping: whether the service is stopping.
    """

    def __init__(self, group: asyncio.TaskGroup, stopping: Callable[[], bool]) -> None:
        self._group = group
        self._stopping = stopping
        self._at_work: set[asyncio.Task[Any]] = set()
        self._given_up = False

    def begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Starts a task. The task is cancelled at the end of the service."""
        task = self._group.create_task(work)
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)
        if self._given_up:
            task.cancel()
        return task

    async def by(self, deadline: float, work: asyncio.Task[T], *, accepted: bool | None = None) -> T | OuzelError:
        """Waits for some work until a deadline. Returns the outcome of the work. If the work has not ended by then,
        returns an error.

        Args:
            accepted: whether the request is known to be accepted. The error says whether the request was accepted.
        """
        await asyncio.wait([work], timeout=deadline - asyncio.get_running_loop().time())
        return self.outcome(work, accepted=accepted)

    def outcome(self, work: asyncio.Task[T], *, accepted: bool | None = None) -> T | OuzelError:
        """Returns the outcome of some work. If the work has not ended yet, returns an error."""
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
        """Waits until all work has ended, for `patience_s` at most."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience_s
        while self._at_work and loop.time() < deadline:
            await asyncio.wait(self._at_work, timeout=deadline - loop.time())

    def give_up(self) -> set[asyncio.Task[Any]]:
        """Cancels all remaining work. Work that is begun later is cancelled, too. Returns the cancelled tasks."""
        self._given_up = True
        for work in self._at_work:
            work.cancel()
        return set(self._at_work)
