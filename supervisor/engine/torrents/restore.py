"""The restore: the order and the window in which a new engine gets its torrents. Pure.

Only so many are on their way at once. So the supervisor's loop is never busy with thousands of them in one go, and what
clients ask for meanwhile does not queue behind all of them.
"""

from collections.abc import Iterable, Mapping
from itertools import islice
from operator import attrgetter
from typing import Final

from protocol.wire.desired import DesiredTorrent
from protocol.wire.rows import ACTIVE_STATES, TorrentState

WINDOW: Final = 1000
"""Torrents on their way to the engine and not taken up yet, at the most."""

CHUNK: Final = 50
"""Torrents given in one go, for which clients wait."""


class Restore:
    """The torrents that an engine has not confirmed yet, of those at its start.

    Fields:
        total: how many there were.
    """

    def __init__(self, *, window: int = WINDOW, chunk: int = CHUNK) -> None:
        self._window = window
        self._chunk = chunk
        self._waiting: dict[str, None] = {}
        self._given: set[str] = set()
        self.total = 0

    @property
    def done(self) -> int:
        """How many have been taken up, or removed."""
        return self.total - len(self._waiting) - len(self._given)

    @property
    def has_room(self) -> bool:
        """Whether there is more to give now: not while the window is half full, so that it is worth a frame."""
        return bool(self._waiting) and len(self._given) <= self._window // 2

    def begin(self, torrents: Iterable[str]) -> None:
        """A new engine is to be given these, in this order; nothing has been given yet."""
        self._waiting = dict.fromkeys(torrents)
        self._given = set()
        self.total = len(self._waiting)

    def next(self) -> list[str]:
        """What to give now."""
        if not self.has_room:
            return []
        chosen = list(islice(self._waiting, self._chunk))
        for torrent in chosen:
            del self._waiting[torrent]
        self._given.update(chosen)
        return chosen

    def taken_up(self, torrent: str) -> bool:
        """The engine has taken up a torrent, or it was removed. Returns whether that was the last one."""
        if torrent in self._given:
            self._given.discard(torrent)
        elif torrent in self._waiting:
            del self._waiting[torrent]
        else:
            return False
        return self.done == self.total


def order(torrents: Mapping[str, DesiredTorrent], states: Mapping[str, TorrentState]) -> list[str]:
    """The ids in the order in which they are given: what was at work first, what is paused last, the newest first.

    Args:
        states: what each was doing when it was last heard of.
    """

    groups: tuple[list[DesiredTorrent], ...] = ([], [], [], [])
    for torrent, desired in torrents.items():
        idle = states.get(torrent) not in ACTIVE_STATES
        groups[2 * idle + desired.paused].append(desired)
    newest_first = (sorted(group, key=attrgetter("added_us"), reverse=True) for group in groups)
    return [desired.torrent for group in newest_first for desired in group]
