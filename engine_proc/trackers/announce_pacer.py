"""When torrents announce themselves to their trackers: a few at a time, so that a restore storms nobody. Pure.

A bucket of permits fills at `RATE` a second. Urgent torrents, in the order in which they came, take what is in it;
idle ones, in the order of chance, only what an untouched `RESERVE` leaves, so that an urgent one seldom waits. It is
chance, and not the order of ids, so that engines that die young do not let the same few announce again and again. In
any `t` seconds no more than `RESERVE + TURN + RATE * t` torrents are let go, and no more than `TURN + RATE * t` idle
ones; with the next engine this begins again, with nothing in the bucket for idle ones.
"""

import heapq
import itertools
from collections.abc import Callable
from typing import Final

RATE: Final = 50.0
"""Torrents a second. 10,000 have announced after 200 s, and trackers ask for an announce each half an hour or so."""

RESERVE: Final = 50.0
TURN: Final = 5.0
"""So many idle torrents are waited for, and then let go together: the loop turns ten times a second for them."""

_URGENT, _IDLE = 0, 1


class AnnouncePacer:
    """Times are monotonic seconds, given by the caller.

    Args:
        now: the beginning.
        chance: a number out of a range, each as likely as the others.
    """

    def __init__(self, now: float, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._permits = RESERVE
        self._filled_at = now
        self._order = itertools.count()
        self._ranks: dict[str, tuple[int, float]] = {}
        self._queue: list[tuple[tuple[int, float], str]] = []
        """A heap. What is not of the torrent's rank any more is passed over."""

    def want(self, torrent: str, *, urgent: bool) -> None:
        """The torrent has yet to announce itself. Saying it again can make it urgent, and never less so."""
        rank = self._ranks.get(torrent)
        if rank is None or (urgent and rank[0] == _IDLE):
            rank = (_URGENT, next(self._order)) if urgent else (_IDLE, self._chance())
            self._ranks[torrent] = rank
            heapq.heappush(self._queue, (rank, torrent))

    def hurry(self, torrent: str) -> None:
        """Makes a torrent urgent if it waits."""
        if torrent in self._ranks:
            self.want(torrent, urgent=True)

    def forget(self, torrent: str) -> None:
        """The torrent is gone."""
        self._ranks.pop(torrent, None)

    def due(self, now: float) -> list[str]:
        """The torrents to announce now; they do not wait any more."""
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
        """When to ask `due` again, or None while nothing waits."""
        first = self._first()
        if first is None:
            return None
        wanted = 1 if first[0][0] == _URGENT else RESERVE + TURN
        return self._filled_at + max(0.0, wanted - self._permits) / RATE

    def _first(self) -> tuple[tuple[int, float], str] | None:
        while self._queue and self._ranks.get(self._queue[0][1]) != self._queue[0][0]:
            heapq.heappop(self._queue)
        return self._queue[0] if self._queue else None
