"""Reading ahead: a thread reads files that are needed soon, so that the loop does not block on a disk.

A restore reads thousands of small files one after the other, each of which may block. The first ones show whether they
do: if the system has them cached, a thread would only compete with the loop. Content is returned once, and not after
the file may have changed: whoever writes or deletes it reports that here.
"""

import contextlib
import queue
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from protocol.durable.integrity import Damaged, read_dated

Dated = tuple[bytes, float]
"""Content, and its modification time: seconds since 1970 by the file system."""

SAMPLE: Final = 50
"""The files that are read without the thread, to decide whether it is worth while."""

SLOW_S: Final = 50e-6
"""A file that took longer to read came from a disk."""

KEPT_MAX: Final = 4000
"""Unclaimed files in memory; at this bound no more are read until one is taken."""


class ReadAhead:
    """Files by name. Nothing waits for the thread: a disk that hangs it would hang the caller, too.

    Args:
        path_of: the path of a name; called in the thread.
    """

    def __init__(self, path_of: Callable[[str], str | Path]) -> None:
        self._path_of = path_of
        self._lock = threading.Lock()
        self._wanted: set[str] = set()
        self._read: dict[str, Dated] = {}
        self._sampled = 0
        self._slow = 0
        self._work: queue.SimpleQueue[Sequence[str]] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="read-ahead", daemon=True).start()

    def prefetch(self, names: Sequence[str]) -> None:
        """Queues files that will be needed soon, in this order; returns at once."""
        if not self.worth_while:
            return
        with self._lock:
            if len(self._wanted) + len(self._read) + len(names) > KEPT_MAX:
                return
            self._wanted.update(names)
        self._work.put(names)

    @property
    def worth_while(self) -> bool:
        """Whether most of the sample came from a disk."""
        return self._sampled >= SAMPLE and self._slow * 2 > self._sampled

    def was_read(self, seconds: float) -> None:
        """The caller had to read a file itself, which took this long."""
        if self._sampled < SAMPLE:
            self._sampled += 1
            self._slow += seconds > SLOW_S

    def pop(self, name: str) -> Dated | None:
        """A file's content, once; None if the caller has to read it itself. It is not queued any more."""
        if not (self._wanted or self._read):
            return None
        with self._lock:
            self._wanted.discard(name)
            return self._read.pop(name, None)

    def _run(self) -> None:
        while True:
            for name in self._work.get():
                if name not in self._wanted:
                    continue
                found: Dated | None = None
                with contextlib.suppress(Damaged, OSError):  # the caller reads it and gets the error
                    found = read_dated(self._path_of(name))
                with self._lock:
                    if name in self._wanted and found is not None:
                        self._read[name] = found
                    self._wanted.discard(name)
