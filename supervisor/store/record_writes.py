"""Writes records to the disk. A write that fails half way is rolled back.

To roll back, the state in memory is written again. If that fails, too, the torrent or the session is *in doubt*. Then
disk and memory may differ. No later change is accepted until the state in memory was written (`mend`).
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from protocol.durable.durable import Change, Unsettled
from protocol.wire.errors import ErrorKind, OuzelError
from supervisor.store.commits import Commits, FailedWrite, largest_failed

RETRY_AFTER_MS: Final = 1000


class OutcomeUnknown(OuzelError):
    """A change failed half way and could not be rolled back. After a crash, the change may be in force."""


def refused(message: str) -> OuzelError:
    """The error of a change that the resume directory does not permit now."""
    return OuzelError(ErrorKind.STORAGE_UNAVAILABLE, message, retry_after_ms=RETRY_AFTER_MS)


class RecordWrites:
    """The writes of one catalogue. A subject is a torrent's id, or None for the session.

    Args:
        commits: writes changes to the disk.
        in_memory: returns the writes of a subject's state in memory.

    Fields:
        refusal: why every change is refused now. None if changes are accepted.
        doubts: the subjects in doubt.
        failed: the largest failed write. None if a write of at least this size has succeeded since.
        on_write_failed: called on the loop after a failed write.
    """

    def __init__(self, commits: Commits, in_memory: Callable[[str | None], list[Change]]) -> None:
        self._commits = commits
        self._in_memory = in_memory
        self._changing: Counter[str | None] = Counter()
        """By subject: the number of changes that are being written."""
        self.refusal: str | None = None
        self.doubts: set[str | None] = set()
        self.failed: FailedWrite | None = None
        self.on_write_failed: Callable[[], None] = lambda: None

    @contextlib.contextmanager
    def change(self, subject: str | None) -> Iterator[None]:
        """Returns a context for one change. In the context, the change counts as being written."""
        self._changing[subject] += 1
        try:
            yield
        finally:
            self._changing[subject] -= 1
            if not self._changing[subject]:
                del self._changing[subject]

    async def write(self, subject: str | None, changes: Sequence[Change], *, take_back: bool = True) -> None:
        """Makes changes durable.

        Args:
            take_back: whether changes that fail half way are rolled back.

        Raises:
            OuzelError: STORAGE_UNAVAILABLE. Nothing has changed, except after `OutcomeUnknown`.
        """
        if self.refusal is not None:
            raise refused(f"the resume directory cannot be written ({self.refusal}); nothing was changed")
        error = await self._commits.commit(subject, changes)
        self.failed = largest_failed(self.failed, changes, error)
        if error is None:
            self.doubts.discard(subject)
            return
        problem = None
        if take_back and isinstance(error, Unsettled):
            self.doubts.add(subject)
            problem = await self._settle(subject)
        self.on_write_failed()
        if problem is not None:
            raise OutcomeUnknown(
                ErrorKind.STORAGE_UNAVAILABLE,
                f"writing the resume directory failed half way ({error}), and so did rolling it back ({problem}): it "
                "is not known whether this takes effect after a crash; ask again",
                retry_after_ms=RETRY_AFTER_MS,
            )
        raise refused(f"the resume directory cannot be written ({error}); nothing was changed")

    async def ensure_settled(self, subject: str | None) -> None:
        """Makes sure that disk and memory agree on a subject before its next change.

        Raises:
            OuzelError: STORAGE_UNAVAILABLE. An earlier change is still in doubt.
        """
        if subject in self.doubts and (problem := self.refusal or await self._settle(subject)) is not None:
            raise refused(f"an earlier change is still in doubt ({problem}); nothing was changed")

    async def mend(self) -> str | None:
        """Writes the state in memory of all subjects in doubt. Returns the first error, or None.

        A subject that is being written now is skipped. That write may end the doubt.
        """
        problems = await asyncio.gather(*(self._mend(subject) for subject in self.doubts))
        return next((problem for problem in problems if problem is not None), None)

    async def _mend(self, subject: str | None) -> str | None:
        if self._changing[subject]:  # the state in memory may be about to change
            return None
        return await self._settle(subject)

    async def _settle(self, subject: str | None) -> str | None:
        """If a subject is in doubt, writes its state in memory. Returns the error, or None."""
        error = await self._commits.commit(subject, self._in_memory(subject))
        if error is None:
            self.doubts.discard(subject)
        return None if error is None else str(error)

    async def rewrite(self, changes: Sequence[tuple[str | None, Change]]) -> str | None:
        """Writes the state in memory even while changes are refused. Returns the first error, or None."""
        outcomes = await asyncio.gather(*(self._commits.commit(subject, [change]) for subject, change in changes))
        return next((str(error) for error in outcomes if error is not None), None)
