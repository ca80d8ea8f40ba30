"""Commits: writes transactions to the disk, and tracks the largest failed write."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from protocol.durable.durable import Change, DurableWriter
from protocol.durable.resume_dir import ResumeDir
from supervisor.traces.traces import TRACE

OnCommit = Callable[[int, float], None]


def ignore(transactions: int, took_s: float) -> None:
    """Ignores a commit."""


class FailedWrite(NamedTuple):
    """A failed write: the number of files, their bytes, and the error.

    A failed write is kept until a write of at least the same size succeeds.
    """

    files: int
    size: int
    problem: str


def largest_failed(failed: FailedWrite | None, changes: Sequence[Change], error: OSError | None) -> FailedWrite | None:
    """Returns the largest failed write after an attempt to write these changes.

    Args:
        failed: the largest failed write so far. None if there is none, or if a write of at least the same size has
            succeeded since.
    """
    sizes = [len(change.content) for change in changes if change.content is not None]
    files, size = len(sizes), sum(sizes)
    if error is not None:
        return FailedWrite(
            max(files, failed.files if failed else 0), max(size, failed.size if failed else 0), str(error)
        )
    return None if failed is not None and files >= failed.files and size >= failed.size else failed


class Commits:
    """Commits transactions by a `DurableWriter`, and passes their outcomes to the loop.

    Args:
        on_commit: called by the writer's thread after each group, as by `DurableWriter`.
    """

    def __init__(self, resume_dir: ResumeDir, on_commit: OnCommit = ignore) -> None:
        self.writer = DurableWriter("catalogue", resume_dir.check, recycled=resume_dir.root, on_commit=on_commit)
        self.under_way: Counter[str | None] = Counter()
        """By torrent: the number of transactions that are being written. None stands for the session."""
        self._ended: deque[Callable[[], None]] = deque()
        """Callbacks of ended transactions. The loop has yet to call these callbacks."""
        self._settled = asyncio.Event()
        self._settled.set()

    async def commit(self, subject: str | None, changes: Sequence[Change]) -> OSError | None:
        """Makes changes of a torrent durable. Returns the error, or None.

        If the torrent is None, the changes are of the session.
        """
        loop, traced = asyncio.get_running_loop(), TRACE.get()
        writing = None if traced is None else traced.child("durable_write")
        written: asyncio.Future[OSError | None] = loop.create_future()

        def settle(error: OSError | None) -> None:
            if not written.done():
                written.set_result(error)
            self.under_way[subject] -= 1
            if not self.under_way[subject]:
                del self.under_way[subject]
            if not self.under_way:
                self._settled.set()  # tasks that wait for `_settled` run after those that wait for `written`

        def done(error: OSError | None) -> None:
            self._ended.append(partial(settle, error))
            if len(self._ended) == 1:  # all transactions of a group wake the loop once
                try:
                    loop.call_soon_threadsafe(self._settle_ended)
                except RuntimeError:  # the loop has ended meanwhile
                    self._ended.clear()

        self.under_way[subject] += 1
        self._settled.clear()
        # The transaction is submitted at the end of this iteration of the loop, together with the iteration's other
        # changes. If it were submitted now, the writer's thread would only wait for the interpreter's lock.
        loop.call_soon(self.writer.submit, changes, done)
        error = await written
        if writing is not None:
            writing.end(None if error is None else str(error))
        return error

    async def settled(self) -> None:
        """Waits until all transactions have ended and the loop has their outcomes."""
        await self._settled.wait()

    def waiting_since(self) -> float | None:
        """When the oldest waiting change began to wait, in monotonic seconds. None while no change waits."""
        return self.writer.waiting_since()

    def close(self, last: Sequence[Sequence[Change]]) -> None:
        """Tries to write these last transactions. Waits until all queued transactions have ended."""
        for changes in last:
            self.writer.submit(changes, lambda _: None)
        self.writer.close()

    def _settle_ended(self) -> None:
        while self._ended:
            self._ended.popleft()()
