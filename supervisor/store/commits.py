"""Commits: transactions that are on their way to the disk, and what a write that failed says of later ones."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from protocol.durable.durable import Change, DurableWriter
from protocol.durable.resume_dir import ResumeDir


class FailedWrite(NamedTuple):
    """What could not be written, until something of its size can: how many files, their bytes, and why."""

    files: int
    size: int
    problem: str


def largest_failed(failed: FailedWrite | None, changes: Sequence[Change], error: OSError | None) -> FailedWrite | None:
    """The largest write that has failed, now that these changes have been written or, with an error, have not.

    Args:
        failed: the largest one before; None where none had failed, or where one as large was done since.
    """
    sizes = [len(change.content) for change in changes if change.content is not None]
    files, size = len(sizes), sum(sizes)
    if error is not None:
        return FailedWrite(
            max(files, failed.files if failed else 0), max(size, failed.size if failed else 0), str(error)
        )
    return None if failed is not None and files >= failed.files and size >= failed.size else failed


class Commits:
    """Has a `DurableWriter` commit transactions, and tells the loop how they ended."""

    def __init__(self, resume_dir: ResumeDir) -> None:
        self.writer = DurableWriter("catalogue", resume_dir.check, recycled=resume_dir.root)
        self.under_way: Counter[str | None] = Counter()
        """Transactions that were given to the disk, by torrent; None is the session."""
        self._ended: deque[Callable[[], None]] = deque()
        """What the writer has ended and the loop does not know of yet."""
        self._settled = asyncio.Event()
        self._settled.set()

    async def commit(self, subject: str | None, changes: Sequence[Change]) -> OSError | None:
        """Makes changes of a torrent, or of the session, durable. Returns what went wrong."""
        loop = asyncio.get_running_loop()
        written: asyncio.Future[OSError | None] = loop.create_future()

        def settle(error: OSError | None) -> None:
            if not written.done():
                written.set_result(error)
            self.under_way[subject] -= 1
            if not self.under_way[subject]:
                del self.under_way[subject]
            if not self.under_way:
                self._settled.set()  # who waits for this comes after who waits for `written`

        def done(error: OSError | None) -> None:
            self._ended.append(partial(settle, error))
            if len(self._ended) == 1:  # those of a group wake the loop once
                try:
                    loop.call_soon_threadsafe(self._settle_ended)
                except RuntimeError:  # the loop has ended meanwhile
                    self._ended.clear()

        self.under_way[subject] += 1
        self._settled.clear()
        # At the end of this turn, or the writer would wait for the interpreter until then; and with what comes in it.
        loop.call_soon(self.writer.submit, changes, done)
        return await written

    async def settled(self) -> None:
        """Waits until what was given to the disk has ended, whichever way, and the loop knows."""
        await self._settled.wait()

    def waiting_since(self) -> float | None:
        """Since when the oldest change waits for the disk, in monotonic seconds; None while none does."""
        return self.writer.waiting_since()

    def close(self, last: Sequence[Sequence[Change]]) -> None:
        """Waits until all that was asked for is on disk, and these transactions as well if they can be written."""
        for changes in last:
            self.writer.submit(changes, lambda _: None)
        self.writer.close()

    def _settle_ended(self) -> None:
        while self._ended:
            self._ended.popleft()()
