"""The restore: sends torrents to a new engine, in an order and with a window. Pure.

The torrents are put in order in slices. Then a window bounds the number of unconfirmed torrents. So the supervisor's
loop never handles thousands of torrents at once. Commands of clients do not wait for the whole restore.
"""

import heapq
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice
from typing import Final

from protocol.wire.desired import DesiredTorrent
from protocol.wire.rows import ACTIVE_STATES, TorrentState

WINDOW: Final = 1000
"""The maximum number of sent torrents that are not confirmed yet."""

CHUNK: Final = 50
"""The number of torrents that are sent in one iteration of the loop. Clients wait meanwhile."""


SLICE: Final = 1000
"""The number of torrents that are put in order in one iteration of the loop. It takes about 2 ms."""


class Restore:
    """The torrents of a restore that the engine has not confirmed yet.

    A restore begins with a number of torrents. Then `Order` looks at these torrents in slices.

    Fields:
        total: the number of torrents of the restore. Torrents that may not be loaded are subtracted once known.
    """

    def __init__(self, *, window: int = WINDOW, chunk: int = CHUNK) -> None:
        self._window = window
        self._chunk = chunk
        self._unseen = 0
        """The number of torrents at which `Order` has not looked yet."""
        self._waiting: set[str] = set()
        self._order: Iterator[str] = iter(())
        """The waiting torrents. It may have torrents that were confirmed or removed meanwhile."""
        self._given: set[str] = set()
        self.total = 0

    @property
    def done(self) -> int:
        """The number of torrents that were confirmed or removed."""
        return self.total - self._unseen - len(self._waiting) - len(self._given)

    @property
    def has_room(self) -> bool:
        """Whether to send more torrents now.

        If more than half of the window is in use, the answer is no. So frames are large enough.
        """
        return bool(self._waiting) and len(self._given) <= self._window // 2

    def begin(self, count: int) -> None:
        """Begins a restore of this number of torrents."""
        self._waiting = set()
        self._order = iter(())
        self._given = set()
        self._unseen = self.total = count

    def admit(self, torrents: Collection[str], *, seen: int) -> None:
        """Adds torrents to the restore.

        Args:
            seen: the size of the slice. Torrents of the slice that are not in `torrents` leave the restore.
        """
        self._waiting.update(torrents)
        self._unseen -= seen
        self.total -= seen - len(torrents)

    def arrange(self, order: Iterator[str]) -> None:
        """Sets the order of all torrents. Before this call, no torrent is sent."""
        self._order = order

    def next(self) -> list[str]:
        """Returns the torrents to send now."""
        if not self.has_room:
            return []
        chosen = list(islice((torrent for torrent in self._order if torrent in self._waiting), self._chunk))
        self._waiting.difference_update(chosen)
        self._given.update(chosen)
        return chosen

    def taken_up(self, torrent: str) -> bool:
        """Notes that a torrent was confirmed or removed. Returns whether this was the last torrent of the restore."""
        if torrent in self._given:
            self._given.discard(torrent)
        elif torrent in self._waiting:
            self._waiting.discard(torrent)
        else:
            return False
        return self.done == self.total


class Order:
    """Puts torrents in the order of sending, in slices. So no iteration of the loop handles all torrents.

    The order has these rules:
    1. Active torrents come before idle torrents.
    2. Running torrents come before paused torrents.
    3. Newer torrents come first.
    """

    def __init__(self, torrents: Iterable[str], *, size: int = SLICE) -> None:
        self._torrents = list(torrents)
        self._size = size
        self._at = 0
        self._groups: tuple[list[list[DesiredTorrent]], ...] = ([], [], [], [])
        """The sorted slices of each group. A group is a combination of the first two rules."""

    def __len__(self) -> int:
        return len(self._torrents)

    @property
    def more(self) -> bool:
        """Whether `next` has a further slice."""
        return self._at < len(self._torrents)

    def next(self) -> list[str]:
        """Returns the next slice of torrents to look at."""
        self._at += self._size
        return self._torrents[self._at - self._size : self._at]

    def put(self, torrents: Iterable[DesiredTorrent], state_of: Callable[[str], TorrentState | None]) -> None:
        """Sorts the torrents of a slice.

        Args:
            state_of: returns the last known state of a torrent.
        """
        groups: tuple[list[DesiredTorrent], ...] = ([], [], [], [])
        for desired in torrents:
            idle = state_of(desired.torrent) not in ACTIVE_STATES
            groups[2 * idle + desired.paused].append(desired)
        for slices, group in zip(self._groups, groups, strict=True):
            if group:
                slices.append(sorted(group, key=_added, reverse=True))

    def __iter__(self) -> Iterator[str]:
        """Yields the ids of all torrents in order. Merges the slices step by step."""
        for slices in self._groups:
            for desired in heapq.merge(*slices, key=_added, reverse=True):
                yield desired.torrent


def _added(desired: DesiredTorrent) -> int:
    return desired.added_us
