"""Limits the rate of announces, in order not to flood trackers after a restart. Pure.

A token bucket fills at `RATE` a second. Urgent torrents get tokens in the order of their arrival. Idle torrents get
only tokens above `RESERVE`, so an urgent torrent seldom waits. A new engine starts without tokens for idle torrents.

Idle torrents announce in random order. If engines repeatedly die early, different torrents announce each time.

In any `t` seconds, the maximum number of announces is:

- `RESERVE + TURN + RATE * t` for all torrents;
- `TURN + RATE * t` for idle torrents.
"""

import heapq
import itertools
from collections.abc import Callable
from typing import Final

RATE: Final = 50.0
"""Torrents a second. 10,000 torrents take 200 s. Trackers request an announce about every half hour."""

RESERVE: Final = 50.0
TURN: Final = 5.0
"""The size of the groups in which idle torrents announce. The loop wakes ten times a second for such groups."""

_URGENT, _IDLE = 0, 1


class AnnouncePacer:
    """Decides when torrents may announce. Times are monotonic seconds that the caller passes.

    Args:
        now: the start time.
        chance: returns a uniformly random number in a range.
    """

    def __init__(self, now: float, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._permits = RESERVE
        self._filled_at = now
        self._order = itertools.count()
        self._ranks: dict[str, tuple[int, float]] = {}
        self._requested: dict[str, set[str | None]] = {}
        """By queued torrent, the trackers of requested announces. None means all trackers."""
        self._queue: list[tuple[tuple[int, float], str]] = []
        """A heap. Entries whose rank is not the torrent's present rank are ignored."""

    def enqueue(self, torrent: str, *, urgent: bool) -> None:
        """Queues a torrent. A second call can only make the torrent urgent."""
        rank = self._ranks.get(torrent)
        if rank is None or (urgent and rank[0] == _IDLE):
            rank = (_URGENT, next(self._order)) if urgent else (_IDLE, self._chance())
            self._ranks[torrent] = rank
            heapq.heappush(self._queue, (rank, torrent))

    def prioritize(self, torrent: str) -> None:
        """Makes a queued torrent urgent."""
        if torrent in self._ranks:
            self.enqueue(torrent, urgent=True)

    def request(self, torrent: str, tracker: str | None) -> None:
        """Queues an urgent announce that a client requested. `tracker` None means all trackers."""
        self._requested.setdefault(torrent, set()).add(tracker)
        self.enqueue(torrent, urgent=True)

    def requested(self, torrent: str) -> list[str | None]:
        """Removes and returns the trackers of the requested announces. A single None means all trackers."""
        trackers = self._requested.pop(torrent, set())
        return [None] if None in trackers else list(trackers)

    def discard(self, torrent: str) -> None:
        """Removes a torrent."""
        self._ranks.pop(torrent, None)
        self._requested.pop(torrent, None)

    def due(self, now: float) -> list[str]:
        """Removes and returns the torrents to announce now."""
        self._permits = min(RESERVE + TURN, self._permits + (now - self._filled_at) * RATE)
        self._filled_at = now
        chosen = []
        while (first := self._first()) is not None and self._permits - (0 if first[0][0] == _URGENT else RESERVE) >= 1:
            (_, torrent) = heapq.heappop(self._queue)
            del self._ranks[torrent]
            self._permits -= 1
            chosen.append(torrent)
        return chosen

    def next_due(self) -> float | None:
        """The time to call `due` again; None while the queue is empty."""
        first = self._first()
        if first is None:
            return None
        wanted = 1 if first[0][0] == _URGENT else RESERVE + TURN
        return self._filled_at + max(0.0, wanted - self._permits) / RATE

    def _first(self) -> tuple[tuple[int, float], str] | None:
        while self._queue and self._ranks.get(self._queue[0][1]) != self._queue[0][0]:
            heapq.heappop(self._queue)
        return self._queue[0] if self._queue else None
