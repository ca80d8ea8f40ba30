"""Durable files: the one way in which either process writes or deletes in the resume directory.

A write is a temporary file, fsync, rename, and fsync of the directory, so that after a crash or a power cut a file
holds either its old content or its new one. `DurableWriter` does that on a thread of its own, so that no loop waits for
a disk, and commits what has queued up meanwhile as one group: all temporary files are on their way to the disk before
the first is waited for, so that a file system with a journal commits once for all of them, and the directory is synced
once.
"""

import contextlib
import os
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

TEMPORARY_SUFFIX: Final = ".tmp"
_GROUP_MAX: Final = 128
"""Transactions; each of their files is open until the group is on disk."""


class Change(NamedTuple):
    """One file's next content; None deletes it."""

    path: Path
    content: bytes | None


Transaction = Sequence[Change]
Done = Callable[[OSError | None], object]


def fsync_dir(directory: Path) -> None:
    """Makes renames and deletions in a directory durable."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write(path: Path, content: bytes) -> None:
    """Writes one file durably, on the calling thread. Raises OSError, and then the file is as it was."""
    [failure] = commit([[Change(path, content)]])
    if failure is not None:
        raise failure


def commit(group: Sequence[Transaction]) -> list[OSError | None]:
    """Makes transactions durable together, in their order. Returns what went wrong with each.

    None of a transaction's changes is published unless all could be staged; one that fails concerns no other. Only a
    directory's own sync is that of all who changed something there: if it fails, they have failed.
    """
    taken: Counter[Path] = Counter()
    staged = [_Staged(transaction, taken) for transaction in group]
    for each in staged:
        each.attempt(each.write)
    for each in staged:
        each.attempt(each.sync)
    for each in staged:
        each.attempt(each.publish)
    published = [each for each in staged if each.failure is None]
    for directory in {directory for each in published for directory in each.directories}:
        try:
            fsync_dir(directory)
        except OSError as error:
            for each in published:
                if directory in each.directories:
                    each.failure = error
    return [each.failure for each in staged]


class _Staged:
    """One transaction on its way. `taken` counts the temporary files of each path, so that none is used twice."""

    def __init__(self, changes: Transaction, taken: Counter[Path]) -> None:
        self.changes = changes
        self.directories = {change.path.parent for change in changes}
        self.failure: OSError | None = None
        self._temporary: list[str | None] = []
        self._fds: list[int] = []
        for path, content in changes:
            number = f".{taken[path]}" if taken[path] else ""
            self._temporary.append(None if content is None else f"{path}{number}{TEMPORARY_SUFFIX}")
            taken[path] += 1

    def attempt(self, step: Callable[[], None]) -> None:
        """Takes one step of a transaction that has not failed; one that fails now leaves no trace."""
        if self.failure is not None:
            return
        try:
            step()
        except OSError as error:
            self.failure = error
            self._close()
            for temporary in self._temporary:
                if temporary is not None:
                    with contextlib.suppress(OSError):  # as where the file system is read-only: `error` says more
                        os.unlink(temporary)  # noqa: PTH108  # this runs thousands of times a second

    def write(self) -> None:
        """The contents lie beside the files and are on their way to the disk."""
        for temporary, change in zip(self._temporary, self.changes, strict=True):
            if temporary is None or change.content is None:
                continue
            fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            self._fds.append(fd)
            rest = memoryview(change.content)
            while rest:
                rest = rest[os.write(fd, rest) :]
            # Linux begins to write the file out, and does not wait: a hint only, `sync` is what counts.
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)

    def sync(self) -> None:
        """They are on the disk."""
        for fd in self._fds:
            os.fsync(fd)
        self._close()

    def publish(self) -> None:
        """The files have them, or are gone; durable once the directory is synced."""
        for temporary, change in zip(self._temporary, self.changes, strict=True):
            if temporary is None:
                change.path.unlink(missing_ok=True)
            else:
                os.replace(temporary, change.path)

    def _close(self) -> None:
        fds, self._fds = self._fds, []
        for fd in fds:
            with contextlib.suppress(OSError):  # what matters was told by fsync
                os.close(fd)


class DurableWriter:
    """A thread that carries out transactions in order, in groups; see `commit`.

    `done` is called on the writer's thread, with None once the changes are durable, or with what went wrong.

    Args:
        check: raises OSError where nothing must be written; asked before a group and, since a path may come to lead
            elsewhere meanwhile, once more before anybody is told that it is durable.
    """

    def __init__(self, name: str, check: Callable[[], None] = lambda: None) -> None:
        self._check = check
        self._queue: queue.SimpleQueue[tuple[Transaction, Done, float] | None] = queue.SimpleQueue()
        self._oldest: float | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, changes: Transaction, done: Done) -> None:
        """Queues one transaction; returns at once."""
        self._queue.put((changes, done, time.monotonic()))

    def waiting_since(self) -> float | None:
        """When the oldest transaction that is being carried out was submitted, None while there is none."""
        return self._oldest

    def close(self) -> None:
        """Waits until all that was submitted is done, and ends the thread."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        closing = False
        while not closing:
            group = [self._queue.get()]
            while len(group) < _GROUP_MAX and not self._queue.empty():
                group.append(self._queue.get())
            closing = None in group
            transactions = [each for each in group if each is not None]
            self._oldest = min((submitted for _, _, submitted in transactions), default=None)
            failures = self._commit([changes for changes, _, _ in transactions])
            for (_, done, _), failure in zip(transactions, failures, strict=True):
                done(failure)
            self._oldest = None

    def _commit(self, group: Sequence[Transaction]) -> list[OSError | None]:
        try:
            self._check()
            failures = commit(group)
            self._check()
        except OSError as error:
            return [error] * len(group)
        return failures
