"""When fast-resume data is saved: at once after what must not be lost, steadily while data arrives. Pure.

Each torrent has at most one save under way, and all together at most `MAX_OUTSTANDING`; what was asked for meanwhile is
saved again afterwards. What comes first is what has waited longest past its time.

What can wait is staggered: each torrent has its own place in the second half of the interval, so that a thousand that
begin to download in the same moment, as after a restart, are not saved in the same moment for ever.
"""

import zlib
from enum import Enum
from heapq import heappop, heappush
from typing import Final

MAX_OUTSTANDING: Final = 64

HELD_S: Final = 3.0
"""Between two tries, while saves fail."""

_NEAR: Final = 0.01
"""Of half an interval: so near before its place a torrent keeps its beat, lest rounding makes it lose half of it."""


class Urgency(Enum):
    """How long a change may stay unsaved at most, in seconds since the torrent's last save."""

    AT_ONCE = 0.0
    """Added, metadata, finished, repaired."""
    PROGRESS = 3.0
    """Pieces arrived; or a client changed something, which the desired state has."""
    COUNTERS = 60.0
    """Only totals moved, as with a seed that uploads."""


class ResumePolicy:
    """Times are monotonic seconds, given by the caller."""

    def __init__(self) -> None:
        self._due_at: dict[str, float] = {}
        self._queue: list[tuple[float, str]] = []
        """A heap of these, but for what is under way, which comes back when it ends; and of some that are outdated."""
        self._saved_at: dict[str, float] = {}
        self._outstanding: set[str] = set()
        self._held_until: float | None = None

    def hold(self, now: float) -> None:
        """Saves fail: from now on one at a time is tried, now and then, until `release`."""
        self._held_until = now + HELD_S

    def release(self) -> None:
        """Saves succeed."""
        self._held_until = None

    def want(self, torrent: str, urgency: Urgency, now: float) -> None:
        """Says that something of the torrent is not saved yet. The most urgent wish counts."""
        due_at = max(now, place(torrent, self._saved_at.get(torrent, now) + urgency.value, urgency.value))
        known = self._due_at.get(torrent)
        if known is None or due_at < known:
            self._due_at[torrent] = due_at
            self._enqueue(torrent)

    def due(self, now: float) -> list[str]:
        """The torrents to save now. They count as under way until `settle`."""
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
        """The torrent's save came to an end, whichever."""
        if torrent in self._outstanding:
            self._outstanding.remove(torrent)
            self._enqueue(torrent)

    def forget(self, torrent: str) -> None:
        """Drops all there is of a torrent that is gone."""
        self._due_at.pop(torrent, None)
        self._saved_at.pop(torrent, None)
        self._outstanding.discard(torrent)

    def unsaved(self) -> frozenset[str]:
        """The torrents with something that is not saved yet, due or not."""
        return frozenset(self._due_at)

    def busy(self) -> bool:
        """Whether saves are under way."""
        return bool(self._outstanding)

    def next_due(self) -> float | None:
        """When `due` will have something, or None while nothing waits or nothing more may be under way."""
        if self._room() <= 0:
            return None
        due_at = self._head()
        return due_at if due_at is None or self._held_until is None else max(due_at, self._held_until)

    def _enqueue(self, torrent: str) -> None:
        if torrent in self._due_at and torrent not in self._outstanding:
            heappush(self._queue, (self._due_at[torrent], torrent))

    def _head(self) -> float | None:
        """When the first of the queue is due; what is outdated before it is dropped."""
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
