"""Notices changes in directories.

The kernel reports most changes at once (inotify). Some changes are not reported. Other machines may change a network
file system, or a directory may be mounted or created later. So directories are also examined every few seconds.
"""

import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeVar

from supervisor.concurrency.threads import in_thread

POLL_MS: Final = 2000
"""The interval between examinations without a report of the kernel."""

QUIET_MS: Final = 200
"""An examination begins after this time without a further change. A file may be written in several steps."""

GROUPED_MS: Final = 1000
"""After this time, an examination begins even if there are further changes."""

T = TypeVar("T")

_Identity = tuple[tuple[int, int] | None, ...]


async def examinations(directories: Sequence[Path], examine: Callable[[], T]) -> AsyncIterator[T]:
    """Yields the result of `examine`. The first result comes at once. Later, each changed result is yielded.

    Args:
        directories: the watched directories. They may be missing.
        examine: makes a result. Runs in a thread, because a disk may hang.
    """
    stop = threading.Event()
    watch = _Watch(directories, stop)
    try:
        before = await in_thread(examine)
        yield before
        while True:
            await in_thread(watch.wait)
            found = await in_thread(examine)
            if found != before:
                before = found
                yield found
    finally:
        stop.set()


class _Watch:
    """The kernel's reports about some directories. Used in one thread at a time."""

    def __init__(self, directories: Sequence[Path], stop: threading.Event) -> None:
        self._directories = directories
        self._stop = stop
        self._reports: Iterator[object] = iter(())
        self._watched: _Identity | None = None

    def wait(self) -> None:
        """Returns after a change, or after POLL_MS."""
        identity = tuple(map(_identity, self._directories))
        if identity != self._watched:  # also if a directory was replaced: its reports are about the old one
            self._reports = self._begin(identity)
            self._watched = identity
        try:
            next(self._reports)
        except (StopIteration, OSError, RuntimeError):  # RuntimeError: watchfiles knows no names that are not UTF-8
            self._watched = None
            self._stop.wait(POLL_MS / 1000)

    def _begin(self, identity: _Identity) -> Iterator[object]:
        from watchfiles import watch  # 40 ms and 2 MB, which only those pay who watch

        there = [each for each, found in zip(self._directories, identity, strict=True) if found is not None]
        return (
            watch(
                *there,
                watch_filter=None,
                step=QUIET_MS,
                debounce=GROUPED_MS,
                rust_timeout=POLL_MS,
                yield_on_timeout=True,
                stop_event=self._stop,
                raise_interrupt=False,
                recursive=False,
            )
            if there
            else iter(())
        )


def _identity(directory: Path) -> tuple[int, int] | None:
    try:
        found = directory.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
