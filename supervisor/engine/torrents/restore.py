"""The restore: sends torrents to a new engine, in an order and with a window. Pure.

A window bounds the number of unconfirmed torrents. So the supervisor's loop never handles thousands of torrents at
once. Commands of clients do not wait for the whole restore.
"""

from collections.abc import Iterable, Mapping
from itertools import islice
from operator import attrgetter
from typing import Final

from protocol.wire.desired import DesiredTorrent
from protocol.wire.rows import ACTIVE_STATES, TorrentState

WINDOW: Final = 1000
"""The maximum number of sent torrents that are not confirmed yet."""

CHUNK: Final = 50
"""The number of torrents that are sent in one iteration of the loop. Clients wait meanwhile."""


class Restore:
    """The torrents of a restore that the engine has not confirmed yet.

    Fields:
        total: the number of torrents of the restore.
    """

    def __init__(self, *, window: int = WINDOW, chunk: int = CHUNK) -> None:
        self._window = window
        self._chunk = chunk
        self._waiting: dict[str, None] = {}
        self._given: set[str] = set()
        self.total = 0

    @property
    def done(self) -> int:
        """The number of torrents that were confirmed or removed."""
        return self.total - len(self._waiting) - len(self._given)

    @property
    def has_room(self) -> bool:
        """Whether to send more torrents now.

        If more than half of the window is in use, the answer is no. So frames are large enough.
        """
        return bool(self._waiting) and len(self._given) <= self._window // 2

    def begin(self, torrents: Iterable[str]) -> None:
        """Begins a restore of these torrents, in this order."""
        self._waiting = dict.fromkeys(torrents)
        self._given = set()
        self.total = len(self._waiting)

    def next(self) -> list[str]:
        """Returns the torrents to send now."""
        if not self.has_room:
            return []
        chosen = list(islice(self._waiting, self._chunk))
        for torrent in chosen:
            del self._waiting[torrent]
        self._given.update(chosen)
        return chosen

    def taken_up(self, torrent: str) -> bool:
        """Notes that a torrent was confirmed or removed. Returns whether this was the last torrent of the restore."""
        if torrent in self._given:
            self._given.discard(torrent)
        elif torrent in self._waiting:
            del self._waiting[torrent]
        else:
            return False
        return self.done == self.total


def order(torrents: Mapping[str, DesiredTorrent], states: Mapping[str, TorrentState]) -> list[str]:
    """Returns the ids in the order of sending.

    The order has these rules:
    1. Active torrents come before idle torrents.
    2. Running torrents come before paused torrents.
    3. Newer torrents come first.

    Args:
        states: the last known state of each torrent.
    """

    groups: tuple[list[DesiredTorrent], ...] = ([], [], [], [])
    for torrent, desired in torrents.items():
        idle = states.get(torrent) not in ACTIVE_STATES
        groups[2 * idle + desired.paused].append(desired)
    newest_first = (sorted(group, key=attrgetter("added_us"), reverse=True) for group in groups)
    return [desired.torrent for group in newest_first for desired in group]
