"""Stores the trackers that libtorrent does not have yet, and adds them to resume data that lacks them. Pure.

Resume data is made some time between its request and its alert. Data that was requested while trackers were held lacks
them, even if libtorrent gets the trackers before the alert is popped. So the trackers are stored until all saves that
were in progress when libtorrent got them have ended.
"""

from collections import Counter

Trackers = list[tuple[str, int]]
"""The URLs of trackers, each with its tier (BEP 12)."""


class HeldTrackers:
    """The held trackers of a session, by torrent."""

    def __init__(self) -> None:
        self._held: dict[str, Trackers] = {}
        self._given: dict[str, Trackers] = {}
        self._saves: Counter[str] = Counter()

    def hold(self, torrent: str, trackers: Trackers) -> None:
        """Stores trackers without which a torrent is about to be added."""
        self._held[torrent] = trackers

    def held(self, torrent: str) -> Trackers:
        """The held trackers of a torrent."""
        return self._held.get(torrent, [])

    def give(self, torrent: str) -> Trackers | None:
        """Removes and returns the held trackers of a torrent; None if there are none."""
        trackers = self._held.pop(torrent, None)
        if trackers is not None and torrent in self._saves:
            self._given[torrent] = trackers
        return trackers

    def save_begins(self, torrent: str) -> None:
        """Notes that resume data of a torrent is about to be requested."""
        self._saves[torrent] += 1

    def save_ended(self, torrent: str) -> Trackers | None:
        """Notes the end of a save. Returns the trackers to add to the resume data if it has none."""
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
