"""The rate limit of announces to trackers, so that a restore does not flood them. Pure.

A token bucket fills at `RATE` a second. Urgent torrents take tokens in the order of their arrival. Idle ones take, in
random order, only tokens above `RESERVE`, so that an urgent one seldom waits. The order is random so that after engines
that die young not always the same torrents have announced. In any `t` seconds at most `RESERVE + TURN + RATE * t`
torrents announce, and at most `TURN + RATE * t` idle ones. The next engine begins anew, with no tokens for idle ones.
"""

import heapq
import itertools
from collections.abc import Callable
from typing import Final

RATE: Final = 50.0
"""Torrents a second. 10,000 have announced after 200 s, and trackers request an announce about each half hour."""

RESERVE: Final = 50.0
TURN: Final = 5.0
"""Idle torrents announce in groups of this size: the loop turns ten times a second for them."""

_URGENT, _IDLE = 0, 1


class AnnouncePacer:
    """Times are monotonic seconds, given by the caller.

    Args:
        now: the start time.
        chance: a uniformly random number of a range.
    """

    def __init__(self, now: float, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._permits = RESERVE
        self._filled_at = now
        self._order = itertools.count()
        self._ranks: dict[str, tuple[int, float]] = {}
        self._queue: list[tuple[tuple[int, float], str]] = []
        """A heap. Entries that do not have the torrent's present rank are ignored."""

    def enqueue(self, torrent: str, *, urgent: bool) -> None:
        """Queues a torrent. A repeat can make it urgent, and never less so."""
        rank = self._ranks.get(torrent)
        if rank is None or (urgent and rank[0] == _IDLE):
            rank = (_URGENT, next(self._order)) if urgent else (_IDLE, self._chance())
            self._ranks[torrent] = rank
            heapq.heappush(self._queue, (rank, torrent))

    def prioritize(self, torrent: str) -> None:
        """Makes a queued torrent urgent."""
        if torrent in self._ranks:
            self.enqueue(torrent, urgent=True)

    def discard(self, torrent: str) -> None:
        """Removes a torrent."""
        self._ranks.pop(torrent, None)

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
        """When to call `due` again, or None while nothing is queued."""
        first = self._first()
        if first is None:
            return None
        wanted = 1 if first[0][0] == _URGENT else RESERVE + TURN
        return self._filled_at + max(0.0, wanted - self._permits) / RATE

    def _first(self) -> tuple[tuple[int, float], str] | None:
        while self._queue and self._ranks.get(self._queue[0][1]) != self._queue[0][0]:
            heapq.heappop(self._queue)
        return self._queue[0] if self._queue else None
