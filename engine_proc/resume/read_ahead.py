"""Reading ahead: a thread reads files early, so the event loop does not block on a disk.

A restore reads thousands of small files one after the other, and each read may block. The first reads show whether the
files are in the page cache. If the files are there, the thread is not used, because it would compete with the loop. The
content of a file is returned only once. Before code writes or deletes a file, it calls `pop`, so outdated content is
never returned.
"""

import contextlib
import queue
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from protocol.durable.integrity import Damaged, read_dated

Dated = tuple[bytes, float]
"""The content of a file, and its modification time in seconds since 1970."""

SAMPLE: Final = 50
"""The number of files that are first read without the thread. The read times decide whether the thread is used."""

SLOW_S: Final = 50e-6
"""The limit of the time to read a file. If the read takes longer, the file was not in the page cache."""

KEPT_MAX: Final = 4000
"""The maximum number of files in memory. At this number the thread waits until `pop` removes a file."""


class ReadAhead:
    """Reads files ahead, by name. Callers never wait for the thread, because a hung disk may block the thread.

    Args:
        path_of: returns the path for a name. The thread calls this function.
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
        """Queues files that will be needed soon, in this order. Returns at once."""
        if not self.worth_while:
            return
        with self._lock:
            if len(self._wanted) + len(self._read) + len(names) > KEPT_MAX:
                return
            self._wanted.update(names)
        self._work.put(names)

    @property
    def worth_while(self) -> bool:
        """Whether most files of the sample were not in the page cache."""
        return self._sampled >= SAMPLE and self._slow * 2 > self._sampled

    def was_read(self, seconds: float) -> None:
        """Notes how long the caller took to read a file without the thread."""
        if self._sampled < SAMPLE:
            self._sampled += 1
            self._slow += seconds > SLOW_S

    def pop(self, name: str) -> Dated | None:
        """Removes a file from the queue. Returns its content, or None if the caller has to read the file itself."""
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
                with contextlib.suppress(Damaged, OSError):  # the caller will read the file, and get the error
                    found = read_dated(self._path_of(name))
                with self._lock:
                    if name in self._wanted and found is not None:
                        self._read[name] = found
                    self._wanted.discard(name)
