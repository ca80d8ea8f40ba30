"""The trackers that libtorrent was not given yet, and the resume data that it makes without them. Pure.

Resume data is made between the request for it and its alert, some time later. What was asked for while trackers were
held back lacks them, also where they are given to libtorrent before that alert is popped; so they are remembered until
all saves that were under way then have ended.
"""

from collections import Counter

Trackers = list[tuple[str, int]]
"""URLs, each with its tier (BEP 12)."""


class HeldTrackers:
    """One session's, by torrent."""

    def __init__(self) -> None:
        self._held: dict[str, Trackers] = {}
        self._given: dict[str, Trackers] = {}
        self._saves: Counter[str] = Counter()

    def hold(self, torrent: str, trackers: Trackers) -> None:
        """The torrent is about to be added without these."""
        self._held[torrent] = trackers

    def held(self, torrent: str) -> Trackers:
        """Those that libtorrent has yet to be given."""
        return self._held.get(torrent, [])

    def give(self, torrent: str) -> Trackers | None:
        """What libtorrent is about to be given; None where nothing is held back."""
        trackers = self._held.pop(torrent, None)
        if trackers is not None and torrent in self._saves:
            self._given[torrent] = trackers
        return trackers

    def save_begins(self, torrent: str) -> None:
        """Resume data is about to be asked for."""
        self._saves[torrent] += 1

    def save_ended(self, torrent: str) -> Trackers | None:
        """Resume data was made, or not. Returns what it lacks if it has no trackers."""
        trackers = self._held.get(torrent) or self._given.get(torrent)
        self._saves[torrent] -= 1
        if self._saves[torrent] <= 0:
            del self._saves[torrent]
            self._given.pop(torrent, None)
        return trackers

    def forget(self, torrent: str) -> None:
        """The torrent is gone."""
        for table in (self._held, self._given, self._saves):
            table.pop(torrent, None)
