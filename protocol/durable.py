"""Durable files: the one way in which either process writes or deletes in the resume directory.

A write is a temporary file, fsync, rename, and fsync of the directory, so that after a crash or a power cut a file
holds either its old content or its new one. `DurableWriter` does that on a thread of its own, so that no loop waits for
a disk, and commits what has queued up meanwhile as one group: the directory is synced once for all of it.
"""

import contextlib
import os
import queue
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

TEMPORARY_SUFFIX: Final = ".tmp"
_GROUP_MAX: Final = 512


class Change(NamedTuple):
    """One file's next content; None deletes it."""

    path: Path
    content: bytes | None


Done = Callable[[OSError | None], object]


def fsync_dir(directory: Path) -> None:
    """Makes renames and deletions in a directory durable."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def stage(change: Change) -> None:
    """First half of a write: the new content is on disk beside the file, the file is untouched."""
    if change.content is None:
        return
    with open(_temporary(change.path), "wb") as file:
        file.write(change.content)
        file.flush()
        os.fsync(file.fileno())


def publish(change: Change) -> None:
    """Second half: the file has its new content, or is gone. Durable once its directory is synced."""
    if change.content is None:
        change.path.unlink(missing_ok=True)
    else:
        os.replace(_temporary(change.path), change.path)


def write(path: Path, content: bytes) -> None:
    """Writes one file durably, on the calling thread. Raises OSError, and then the file is as it was."""
    if (error := _attempt([Change(path, content)])) is not None:
        raise error
    fsync_dir(path.parent)


def _temporary(path: Path) -> Path:
    return path.with_name(path.name + TEMPORARY_SUFFIX)


class DurableWriter:
    """A thread that carries out changes in order, in groups.

    `submit` takes the changes of one transaction: they are staged together, and none of them is published unless all
    could be staged. `done` is called on the writer's thread, with None once the changes are durable, or with what went
    wrong; a file that is written again in the same group is published in the order of submission.
    """

    def __init__(self, name: str) -> None:
        self._queue: queue.SimpleQueue[tuple[Sequence[Change], Done] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, changes: Sequence[Change], done: Done) -> None:
        """Queues one transaction; returns at once."""
        self._queue.put((changes, done))

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
            self._commit([transaction for transaction in group if transaction is not None])

    def _commit(self, group: list[tuple[Sequence[Change], Done]]) -> None:
        outcomes: list[tuple[Done, OSError | None]] = []
        directories: set[Path] = set()
        for changes, done in group:
            failed = _attempt(changes)
            outcomes.append((done, failed))
            if failed is None:
                directories.update(change.path.parent for change in changes)
        unsynced: OSError | None = None
        for directory in directories:
            try:
                fsync_dir(directory)
            except OSError as error:
                unsynced = error
        for done, failure in outcomes:
            done(failure or unsynced)


def _attempt(changes: Sequence[Change]) -> OSError | None:
    try:
        for change in changes:
            stage(change)
        for change in changes:
            publish(change)
    except OSError as error:
        for change in changes:
            with contextlib.suppress(OSError):  # such as a file system that turned read-only: `error` says more
                _temporary(change.path).unlink()
        return error
    return None
