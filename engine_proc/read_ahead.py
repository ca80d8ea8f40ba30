"""Reading ahead: files that will be read soon are in the page cache by then, so that the loop does not wait for disks.

A restore reads thousands of small files one after the other. If the page cache has them, this costs next to nothing; if
not, each is a wait of its own.
"""

import contextlib
import os
import queue
import threading
from collections.abc import Sequence
from pathlib import Path


class ReadAhead:
    """A thread that nobody waits for: a disk that hangs it hangs the reader, too, and both end with the process."""

    def __init__(self) -> None:
        self._wanted: queue.SimpleQueue[Sequence[Path]] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="read-ahead", daemon=True).start()

    def want(self, paths: Sequence[Path]) -> None:
        """These will be read soon, in this order; returns at once."""
        self._wanted.put(paths)

    def _run(self) -> None:
        while True:
            for path in self._wanted.get():
                with contextlib.suppress(OSError):  # whoever reads it finds out what is wrong
                    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
                    try:
                        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_WILLNEED)
                    finally:
                        os.close(fd)
