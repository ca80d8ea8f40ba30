"""Commits: writes transactions to the disk, and tracks the largest failed write."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from protocol.durable.durable import Change, Done, DurableWriter
from protocol.durable.resume_dir import ResumeDir
from supervisor.traces.traces import TRACE

OnCommit = Callable[[int, float], None]
Written = asyncio.Future[OSError | None]


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
        self._unsubmitted: list[tuple[Sequence[Change], Done]] = []
        """The transactions of this iteration of the loop. They are submitted together, at its end."""
        self._ended: deque[tuple[str | None, Written, OSError | None]] = deque()
        """Ended transactions, and their errors. The loop has yet to handle them."""
        self._settled = asyncio.Event()
        self._settled.set()

    async def commit(self, subject: str | None, changes: Sequence[Change]) -> OSError | None:
        """Makes changes of a torrent durable. Returns the error, or None.

        If the torrent is None, the changes are of the session.
        """
        loop, traced = asyncio.get_running_loop(), TRACE.get()
        writing = None if traced is None else traced.child("durable_write")
        written: Written = loop.create_future()
        self.under_way[subject] += 1
        self._settled.clear()
        # If the transaction were submitted now, the writer's thread would only wait for the interpreter's lock.
        if not self._unsubmitted:
            loop.call_soon(self._submit)
        self._unsubmitted.append((changes, partial(self._done, loop, subject, written)))
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

    def _submit(self) -> None:
        unsubmitted, self._unsubmitted = self._unsubmitted, []
        for changes, done in unsubmitted:
            self.writer.submit(changes, done)

    def _done(
        self, loop: asyncio.AbstractEventLoop, subject: str | None, written: Written, error: OSError | None
    ) -> None:
        """Notes the end of a transaction. The writer's thread calls this method."""
        self._ended.append((subject, written, error))
        if len(self._ended) == 1:  # all transactions of a group wake the loop once
            try:
                loop.call_soon_threadsafe(self._settle_ended)
            except RuntimeError:  # the loop has ended meanwhile
                self._ended.clear()

    def _settle_ended(self) -> None:
        while self._ended:
            subject, written, error = self._ended.popleft()
            if not written.done():
                written.set_result(error)
            self.under_way[subject] -= 1
            if not self.under_way[subject]:
                del self.under_way[subject]
        if not self.under_way:
            self._settled.set()  # tasks that wait for `_settled` run after those that wait for `written`
