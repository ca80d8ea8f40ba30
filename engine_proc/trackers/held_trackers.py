"""Trackers that libtorrent does not have yet, and the resume data that it makes without them. Pure.

Resume data is made between the request for it and its alert, some time later. Data that was requested while trackers
were withheld lacks them, even if libtorrent gets them before that alert is popped. So they are stored until all saves
that were in progress then have ended.
"""

from collections import Counter

Trackers = list[tuple[str, int]]
"""URLs, each with its tier (BEP 12)."""


class HeldTrackers:
    """The withheld trackers of a session, by torrent."""

    def __init__(self) -> None:
        self._held: dict[str, Trackers] = {}
        self._given: dict[str, Trackers] = {}
        self._saves: Counter[str] = Counter()

    def hold(self, torrent: str, trackers: Trackers) -> None:
        """The torrent is about to be added without these."""
        self._held[torrent] = trackers

    def held(self, torrent: str) -> Trackers:
        """The withheld ones of a torrent."""
        return self._held.get(torrent, [])

    def give(self, torrent: str) -> Trackers | None:
        """Removes and returns the withheld ones; None if there are none."""
        trackers = self._held.pop(torrent, None)
        if trackers is not None and torrent in self._saves:
            self._given[torrent] = trackers
        return trackers

    def save_begins(self, torrent: str) -> None:
        """Resume data is about to be requested."""
        self._saves[torrent] += 1

    def save_ended(self, torrent: str) -> Trackers | None:
        """Resume data was made, or not. Returns the trackers that it lacks if it has none."""
        trackers = self._held.get(torrent) or self._given.get(torrent)
        self._saves[torrent] -= 1
        if self._saves[torrent] <= 0:
            del self._saves[torrent]
            self._given.pop(torrent, None)
        return trackers

    def discard(self, torrent: str) -> None:
        """Removes a torrent."""
        for table in (self._held, self._given, self._saves):
            table.pop(torrent, None)
