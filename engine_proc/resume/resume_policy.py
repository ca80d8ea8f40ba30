"""Decides when fast-resume data is saved. Pure.

After an important change, data is saved at once. While pieces arrive, data is saved periodically.

Each torrent has at most one save in progress. All torrents together have at most `MAX_OUTSTANDING` saves in progress.
Changes during a save cause another save. The most overdue torrent is saved first.

Periodic saves are staggered: each torrent has a fixed phase in the second half of the interval. After a restart, a
thousand torrents may begin to download at the same moment. Their phases spread the saves.
"""

import zlib
from enum import Enum
from heapq import heappop, heappush
from typing import Final

MAX_OUTSTANDING: Final = 64

HELD_S: Final = 3.0
"""The delay between two attempts while saves fail."""

_NEAR: Final = 0.01
"""The tolerance of the phase, as a fraction of half the interval.

Within this tolerance a torrent counts as in phase. So rounding errors do not shorten the interval.
"""


class Urgency(Enum):
    """How soon a change has to be saved, in seconds since the torrent's last save."""

    AT_ONCE = 0.0
    """The torrent was added or repaired, got its metadata, or finished."""
    PROGRESS = 3.0
    """Pieces arrived, or a client changed the desired state, which is already durable."""
    COUNTERS = 60.0
    """Only totals changed, for example because a seed uploads."""


class ResumePolicy:
    """Decides which torrents to save, and when. Times are monotonic seconds that the caller passes."""

    def __init__(self) -> None:
        self._due_at: dict[str, float] = {}
        self._queue: list[tuple[float, str]] = []
        """A heap of due times. Some are outdated. If a save is in progress, its torrent is added at the end."""
        self._saved_at: dict[str, float] = {}
        self._outstanding: set[str] = set()
        self._held_until: float | None = None

    def hold(self, now: float) -> None:
        """Notes that saves fail. Until `release`, only one save at a time is attempted, every `HELD_S`."""
        self._held_until = now + HELD_S

    def release(self) -> None:
        """Notes that saves succeed again."""
        self._held_until = None

    def mark_dirty(self, torrent: str, urgency: Urgency, now: float) -> None:
        """Marks a change of the torrent as unsaved. The most urgent mark counts."""
        due_at = max(now, place(torrent, self._saved_at.get(torrent, now) + urgency.value, urgency.value))
        known = self._due_at.get(torrent)
        if known is None or due_at < known:
            self._due_at[torrent] = due_at
            self._enqueue(torrent)

    def due(self, now: float) -> list[str]:
        """The torrents to save now. Their saves are in progress until `settle`."""
        room = self._room()
        if room <= 0 or (self._held_until is not None and now < self._held_until):
            return []
        chosen: list[str] = []
        while len(chosen) < room and (next_due := self._head()) is not None and next_due <= now:
            _, torrent = heappop(self._queue)
            del self._due_at[torrent]
            self._saved_at[torrent] = now
            self._outstanding.add(torrent)
            chosen.append(torrent)
        return chosen

    def settle(self, torrent: str) -> None:
        """Notes that a torrent's save has ended, with or without success."""
        if torrent in self._outstanding:
            self._outstanding.remove(torrent)
            self._enqueue(torrent)

    def discard(self, torrent: str) -> None:
        """Removes a torrent from the schedule."""
        self._due_at.pop(torrent, None)
        self._saved_at.pop(torrent, None)
        self._outstanding.discard(torrent)

    def unsaved(self) -> frozenset[str]:
        """The torrents with unsaved changes, due or not."""
        return frozenset(self._due_at)

    def busy(self) -> bool:
        """Whether saves are in progress."""
        return bool(self._outstanding)

    def next_due(self) -> float | None:
        """The time at which `due` will return a torrent. None if the queue is empty or no save may begin."""
        if self._room() <= 0:
            return None
        due_at = self._head()
        return due_at if due_at is None or self._held_until is None else max(due_at, self._held_until)

    def _enqueue(self, torrent: str) -> None:
        if torrent in self._due_at and torrent not in self._outstanding:
            heappush(self._queue, (self._due_at[torrent], torrent))

    def _head(self) -> float | None:
        """The due time of the first torrent in the queue. Removes outdated entries at the head of the queue."""
        while self._queue:
            due_at, torrent = self._queue[0]
            if self._due_at.get(torrent) == due_at and torrent not in self._outstanding:
                return due_at
            heappop(self._queue)
        return None

    def _room(self) -> int:
        return (MAX_OUTSTANDING if self._held_until is None else 1) - len(self._outstanding)


def place(torrent: str, latest: float, interval: float) -> float:
    """The time of the torrent's phase in the second half of the interval that ends at `latest`.

    Once a torrent is in phase, its saves are an interval apart.
    """
    if not interval:
        return latest
    half = interval / 2
    past = (latest - half * zlib.crc32(torrent.encode()) / 2**32) % half
    return latest if past > (1 - _NEAR) * half else latest - past
