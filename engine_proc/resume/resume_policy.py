"""When fast-resume data is saved: at once after important changes, periodically while data arrives. Pure.

Each torrent has at most one save in progress, and all together at most `MAX_OUTSTANDING`; changes during a save cause
another one. The torrent that is most overdue comes first.

Periodic saves are staggered: each torrent has its own place in the second half of the interval, so that a thousand that
begin to download at the same moment, as after a restart, are not always saved at the same moment.
"""

import zlib
from enum import Enum
from heapq import heappop, heappush
from typing import Final

MAX_OUTSTANDING: Final = 64

HELD_S: Final = 3.0
"""The delay between two tries while saves fail."""

_NEAR: Final = 0.01
"""Of half an interval: so near to its place a torrent keeps its beat; otherwise rounding could lose half of it."""


class Urgency(Enum):
    """The maximum time that a change may stay unsaved, in seconds since the torrent's last save."""

    AT_ONCE = 0.0
    """Added, metadata, finished, repaired."""
    PROGRESS = 3.0
    """Pieces arrived; or a client changed something, which is in the desired state."""
    COUNTERS = 60.0
    """Only totals changed, as of a seed that uploads."""


class ResumePolicy:
    """Times are monotonic seconds, given by the caller."""

    def __init__(self) -> None:
        self._due_at: dict[str, float] = {}
        self._queue: list[tuple[float, str]] = []
        """A heap, without saves in progress, which are added when they end; some entries are outdated."""
        self._saved_at: dict[str, float] = {}
        self._outstanding: set[str] = set()
        self._held_until: float | None = None

    def hold(self, now: float) -> None:
        """Saves fail: from now on one at a time is tried, now and then, until `release`."""
        self._held_until = now + HELD_S

    def release(self) -> None:
        """Saves succeed again."""
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
        """The torrent's save has ended, with or without success."""
        if torrent in self._outstanding:
            self._outstanding.remove(torrent)
            self._enqueue(torrent)

    def discard(self, torrent: str) -> None:
        """Removes a torrent."""
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
        """When `due` will return something, or None while nothing is queued or no further save may begin."""
        if self._room() <= 0:
            return None
        due_at = self._head()
        return due_at if due_at is None or self._held_until is None else max(due_at, self._held_until)

    def _enqueue(self, torrent: str) -> None:
        if torrent in self._due_at and torrent not in self._outstanding:
            heappush(self._queue, (self._due_at[torrent], torrent))

    def _head(self) -> float | None:
        """When the first of the queue is due; outdated entries before it are removed."""
        while self._queue:
            due_at, torrent = self._queue[0]
            if self._due_at.get(torrent) == due_at and torrent not in self._outstanding:
                return due_at
            heappop(self._queue)
        return None

    def _room(self) -> int:
        return (MAX_OUTSTANDING if self._held_until is None else 1) - len(self._outstanding)


def place(torrent: str, latest: float, interval: float) -> float:
    """The torrent's place in the second half of the interval that ends at `latest`.

    Once it is reached, saves are an interval apart.
    """
    if not interval:
        return latest
    half = interval / 2
    past = (latest - half * zlib.crc32(torrent.encode()) / 2**32) % half
    return latest if past > (1 - _NEAR) * half else latest - past
