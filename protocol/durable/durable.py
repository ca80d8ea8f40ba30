"""Durable files: the functions by which both processes write and delete files in the resume directory.

A write has four steps: temporary file, fsync, rename, fsync of the directory. After a crash or a power cut a file has
either its old content or its new content. `DurableWriter` runs these steps on a separate thread. So no event loop waits
for a disk.

The thread commits everything in its queue as one group (group commit). It starts writing out all temporary files before
it waits for the first file. So a journaling file system commits once for all files, and the directory is synced once.
On a slow disk the waits for the files of a group overlap.
"""

import contextlib
import errno
import os
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from protocol.durable.recycler import Recycler, delete
from protocol.durable.syncing import call_all

TEMPORARY_SUFFIX: Final = ".tmp"
_GROUP_MAX: Final = 128
"""The maximum number of transactions in a group. Their files stay open until the group is on disk."""


class Change(NamedTuple):
    """The new content of one file; None deletes the file."""

    path: Path
    content: bytes | None


class Unsettled(OSError):
    """A transaction failed after its first effect. Its changes may be on disk, completely or in part."""


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
    """Writes one file durably, on the calling thread.

    Raises OSError. After any error except `Unsettled`, the file is unchanged.
    """
    [failure] = commit([[Change(path, content)]])
    if failure is not None:
        raise failure


def remove(path: Path) -> None:
    """Deletes one file durably, on the calling thread. Raises OSError."""
    [failure] = commit([[Change(path, None)]])
    if failure is not None:
        raise failure


def commit(group: Sequence[Transaction], recycler: Recycler | None = None) -> list[OSError | None]:
    """Makes transactions durable together, in order. Returns the error of each transaction, or None.

    A transaction's changes are published only if all of them could be staged. A failed transaction usually affects no
    other transaction. But transactions that changed the same directory share its sync. If that sync fails, all these
    transactions fail. The error is `Unsettled` if any change may have been published. Even a failed system call may
    have had an effect.

    Args:
        recycler: provides files to overwrite, and receives the replaced files.
    """
    taken: Counter[str] = Counter()
    staged = [_Staged(transaction, taken, recycler) for transaction in group]
    for each in staged:
        each.attempt(each.write)
    call_all([partial(each.attempt, each.sync) for each in staged])
    for each in staged:
        each.attempt(each.publish)
    published = [each for each in staged if each.failure is None]
    for directory in {directory for each in published for directory in each.directories}:
        try:
            fsync_dir(Path(directory))
        except OSError as error:
            for each in published:
                if directory in each.directories:
                    each.failure = _unsettled(error)
    for each in staged:
        each.recycle()
    if recycler is not None and any(change.content is None for each in staged for change in each.changes):
        recycler.clear()  # the content of a deleted file must not survive in a recycled earlier version
    return [each.failure for each in staged]


class _Staged:
    """One transaction in progress. `taken` counts the temporary files for each path. So no name is used twice."""

    def __init__(self, changes: Transaction, taken: Counter[str], recycler: Recycler | None) -> None:
        self.changes = changes
        self.failure: OSError | None = None
        self.published = False
        """Whether any change may have been published."""
        self._temporary: list[str | None] = []
        self._fds: list[int] = []
        self._recycler = recycler
        self._replaced: list[str] = []
        # Paths are texts here, because pathlib takes longer than the system calls on tmpfs.
        self._paths = [os.fspath(change.path) for change in changes]
        self.directories = {os.path.dirname(path) for path in self._paths}  # noqa: PTH120
        for path, change in zip(self._paths, changes, strict=True):
            number = f".{taken[path]}" if taken[path] else ""
            self._temporary.append(None if change.content is None else f"{path}{number}{TEMPORARY_SUFFIX}")
            taken[path] += 1

    def attempt(self, step: Callable[[], None]) -> None:
        """Runs one step. Does nothing if an earlier step has failed.

        If the step fails before anything is published, all changes are undone.
        """
        if self.failure is not None:
            return
        try:
            step()
        except (OSError, MemoryError) as error:
            problem = error if isinstance(error, OSError) else OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))
            self.failure = _unsettled(problem) if self.published else problem
            self._close()
            for temporary in self._temporary:
                if temporary is not None:
                    delete(temporary)

    def write(self) -> None:
        """Writes the contents into temporary files, without waiting for the disk."""
        for index, (_, content) in enumerate(self.changes):
            if content is None:
                continue
            fd = self._open(index, len(content))
            self._fds.append(fd)
            written = os.write(fd, content)
            while written < len(content):
                written += os.write(fd, memoryview(content)[written:])
            # Linux starts writing the file out and returns at once. This is only a hint: `sync` makes the file durable.
            with contextlib.suppress(OSError):
                os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)

    def sync(self) -> None:
        """Syncs the temporary files."""
        for fd in self._fds:
            os.fsync(fd)
        self._close()

    def publish(self) -> None:
        """Renames or deletes the files. The changes are durable once the directory is synced."""
        for temporary, path in zip(self._temporary, self._paths, strict=True):
            self.published = True
            if temporary is None:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)  # noqa: PTH108  # all calls of this file are the os module's own
            else:
                if self._recycler is not None and (kept := self._recycler.keep(path)) is not None:
                    self._replaced.append(kept)
                os.replace(temporary, path)

    def recycle(self) -> None:
        """Recycles the replaced files.

        Call this only once the transaction is durable. Until then, a power cut could bring back the replaced files.
        """
        for name in self._replaced:
            if self._recycler is not None and self.failure is None:
                self._recycler.hand_in(name)
            else:
                delete(name)

    def _open(self, index: int, size: int) -> int:
        found = None if self._recycler is None else self._recycler.reuse(os.path.dirname(self._paths[index]), size)  # noqa: PTH120
        if found is not None:
            self._temporary[index], fd = found
            return fd
        temporary = self._temporary[index]
        assert temporary is not None
        # O_NONBLOCK: opening a FIFO of that name, which is no file of ours, would block.
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        return os.open(temporary, flags, 0o600)

    def _close(self) -> None:
        fds, self._fds = self._fds, []
        for fd in fds:
            with contextlib.suppress(OSError):  # fsync has already reported any error
                os.close(fd)


class DurableWriter:
    """A thread that commits transactions in order and in groups; see `commit`.

    For each transaction the thread calls `done`. The argument is None once the changes are durable; otherwise it is the
    error.

    Args:
        check: raises OSError if the directory must not be written to. The thread calls `check` before it writes a
            group, and again before it reports the group as durable. In between, another directory may appear at the
            path.
        recycled: the directory in which replaced files are recycled. Choose the directory with the most replacements.
        on_commit: called by the thread after each group. The arguments are the number of transactions, and the seconds
            that the commit took.
    """

    def __init__(
        self,
        name: str,
        check: Callable[[], None] = lambda: None,
        *,
        recycled: Path | None = None,
        on_commit: Callable[[int, float], None] = lambda transactions, took_s: None,
    ) -> None:
        self._check = check
        self._on_commit = on_commit
        self._recycler = None if recycled is None else Recycler(recycled, f"{name}.", TEMPORARY_SUFFIX)
        self._queue: queue.SimpleQueue[tuple[Transaction, Done, float] | None] = queue.SimpleQueue()
        self._oldest: float | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, changes: Transaction, done: Done) -> None:
        """Queues one transaction and returns at once. After `close` the transaction fails with ECANCELED."""
        if self._closed:
            done(OSError(errno.ECANCELED, "the writer is closed"))
        else:
            self._queue.put((changes, done, time.monotonic()))

    def waiting_since(self) -> float | None:
        """The time at which the oldest transaction in progress was submitted; None if there is none."""
        return self._oldest

    def close(self) -> None:
        """Waits until all submitted transactions are done, then ends the thread."""
        self._closed = True
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
            self._carry_out([(changes, done) for changes, done, _ in transactions])
            self._oldest = None
        self._end()

    def _carry_out(self, group: Sequence[tuple[Transaction, Done]]) -> None:
        """Commits a group and reports the outcome of each transaction."""
        began = time.monotonic()
        failures = self._commit([changes for changes, _ in group])
        if group:
            self._on_commit(len(group), time.monotonic() - began)
        for (_, done), failure in zip(group, failures, strict=True):
            done(failure)

    def _end(self) -> None:
        if self._recycler is not None:
            self._recycler.clear()

    def _commit(self, group: Sequence[Transaction]) -> list[OSError | None]:
        try:
            self._check()
        except OSError as error:
            return [error] * len(group)
        failures = commit(group, self._recycler)
        try:
            self._check()
        except OSError as error:  # the directory may have been replaced, so the changes may be in another one
            return [_unsettled(error) if failure is None else failure for failure in failures]
        return failures


def _unsettled(error: OSError) -> Unsettled:
    """Converts an error to `Unsettled`, because the transaction may have taken effect."""
    if isinstance(error, Unsettled):
        return error
    unsettled = Unsettled(error.errno, error.strerror, error.filename)
    unsettled.__cause__ = error
    return unsettled
