"""Reading ahead: files that will be wanted soon are read by a thread of their own, so that the loop waits for no disk.

A restore reads thousands of small files one after the other, each of which may be a wait. Whether it is, the first of
them tell: where the system has them in memory, a thread would only be in the way of the loop. What was read is handed
out once, and not after the file may have changed: whoever writes or deletes it says so.
"""

import contextlib
import queue
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from protocol.internal.integrity import Damaged, read_dated

Dated = tuple[bytes, float]
"""Content, and when it was written: seconds since 1970 as the file system has them."""

SAMPLE: Final = 50
"""So many files are read without the thread, and then it is known whether it is worth while."""

SLOW_S: Final = 50e-6
"""A file that took longer to read came from a disk."""

KEPT_MAX: Final = 4000
"""Files that were read and nobody has asked for; then no more are read until somebody does."""


class ReadAhead:
    """Files by name. The thread is never waited for: a disk that hangs it hangs the reader, too.

    Args:
        path_of: where the file of a name is; called in the thread.
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

    def want(self, names: Sequence[str]) -> None:
        """These will be asked for soon, in this order; returns at once."""
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
        """The caller had to read a file for itself, which took so long."""
        if self._sampled < SAMPLE:
            self._sampled += 1
            self._slow += seconds > SLOW_S

    def take(self, name: str) -> Dated | None:
        """What was read, once; None where the caller has to read for itself. It is not wanted any more."""
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
                with contextlib.suppress(Damaged, OSError):  # whoever reads it finds out what is wrong
                    found = read_dated(self._path_of(name))
                with self._lock:
                    if name in self._wanted and found is not None:
                        self._read[name] = found
                    self._wanted.discard(name)
