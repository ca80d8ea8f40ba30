"""A mailbox: items that a thread passes to the loop, and the descriptor that wakes the loop."""

import os
import queue
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """A queue between threads. `fileno` is readable while it has items. Any thread may put; one thread takes."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[T] = queue.SimpleQueue()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def fileno(self) -> int:
        """Readable while there are items."""
        return self._wake

    def put(self, item: T) -> None:
        """Adds one item."""
        self._waiting.put(item)
        os.eventfd_write(self._wake, 1)

    def drain(self) -> list[T]:
        """Removes and returns all items, in order."""
        try:
            os.eventfd_read(self._wake)
        except BlockingIOError:
            return []
        found = []
        while not self._waiting.empty():
            found.append(self._waiting.get())
        return found

    def close(self) -> None:
        """Closes the descriptor; nothing is put any more."""
        os.close(self._wake)
