"""Remembers trackers that libtorrent does not have yet, so that they can be added to resume data. Pure.

Resume data that libtorrent makes meanwhile lacks these trackers. A save of resume data takes time, and libtorrent may
get the trackers during the save. So the trackers are remembered until all saves have ended that began before libtorrent
got the trackers.
"""

from collections import Counter

Trackers = list[tuple[str, int]]
"""The URLs of trackers, each with its tier (BEP 12)."""


class HeldTrackers:
    """The held trackers of a session, by torrent."""

    def __init__(self) -> None:
        self._held: dict[str, Trackers] = {}
        self._given: dict[str, Trackers] = {}
        self._extended: dict[str, Trackers] = {}
        """By torrent, those held trackers that libtorrent already has."""
        self._saves: Counter[str] = Counter()

    def hold(self, torrent: str, trackers: Trackers) -> None:
        """Stores a torrent's trackers. The torrent is about to be added without trackers."""
        self._held[torrent] = trackers

    def change(self, torrent: str, before: Trackers, after: Trackers) -> bool:
        """Holds the changed trackers of a torrent. Returns whether libtorrent has to drop its present trackers.

        Args:
            before: the present trackers. If they are not held, libtorrent has them.
        """
        has = self._extended.pop(torrent, []) if torrent in self._held else before
        self._held[torrent] = after
        if not set(has) <= set(after):
            return True
        self._extended[torrent] = has
        return False

    def held(self, torrent: str) -> Trackers:
        """The held trackers of a torrent."""
        return self._held.get(torrent, [])

    def give(self, torrent: str) -> tuple[Trackers, Trackers] | None:
        """Removes a torrent's held trackers. Returns the held trackers and libtorrent's present trackers.

        The second list has trackers only if the client has only added trackers. Returns None if no trackers are held.
        """
        trackers = self._held.pop(torrent, None)
        if trackers is None:
            return None
        if torrent in self._saves:
            self._given[torrent] = trackers
        return trackers, self._extended.pop(torrent, [])

    def save_begins(self, torrent: str) -> None:
        """Notes that resume data of a torrent is about to be requested."""
        self._saves[torrent] += 1

    def save_ended(self, torrent: str) -> Trackers | None:
        """Notes the end of a save. Returns the trackers that the resume data may lack; None if there are none."""
        trackers = self._held.get(torrent) or self._given.get(torrent)
        self._saves[torrent] -= 1
        if self._saves[torrent] <= 0:
            del self._saves[torrent]
            self._given.pop(torrent, None)
        return trackers

    def discard(self, torrent: str) -> None:
        """Removes a torrent."""
        for table in (self._held, self._given, self._extended, self._saves):
            table.pop(torrent, None)
