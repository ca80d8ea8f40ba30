"""A mailbox: passes items from a thread to the event loop, and wakes the loop by a descriptor."""

import os
import queue
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """A queue between threads. Any thread may put items; only one thread drains them."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[T] = queue.SimpleQueue()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def fileno(self) -> int:
        """The descriptor to poll. It is readable while there are items."""
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
        """Closes the descriptor. No item may be put after that."""
        os.close(self._wake)
