"""Batches of torrents. One question to a disk is about a whole batch, because each question waits for a thread."""

from typing import Final, Generic, TypeVar

T = TypeVar("T")

COUNT_MAX: Final = 256
BYTES_MAX: Final = 32 * 1024 * 1024


class Batch(Generic[T]):
    """Collects torrents until there are enough of them, or until they need too much memory."""

    def __init__(self) -> None:
        self._torrents: list[T] = []
        self._bytes = 0

    def add(self, torrent: T, size: int) -> list[list[T]]:
        """Adds a torrent that needs `size` bytes of memory. Returns the batch if it is complete now."""
        self._torrents.append(torrent)
        self._bytes += size
        if len(self._torrents) < COUNT_MAX and self._bytes < BYTES_MAX:
            return []
        return [self.rest()]

    def rest(self) -> list[T]:
        """Returns the torrents so far, and begins a new batch."""
        torrents, self._torrents, self._bytes = self._torrents, [], 0
        return torrents
