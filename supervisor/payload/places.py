"""Where torrents lie, to find those that may have a file in common. Pure.

A *place* is the absolute path of a torrent's root folder, or of its one file. Two torrents can share a file only where
a place of one is a place of the other, or lies below it. So most torrents are told apart by one look at a dictionary,
and their files need not be known for it.

Paths are compared as they are: save paths are stored with links resolved, and names that differ in case are different
files, as they are on all file systems but a few.
"""

from collections import Counter
from collections.abc import Iterable


class Places:
    """The places of all torrents."""

    def __init__(self) -> None:
        self._by_torrent: dict[str, tuple[str, ...]] = {}
        self._torrents: dict[str, list[str]] = {}
        self._below: Counter[str] = Counter()
        """How many places there are below each directory."""

    def put(self, torrent: str, places: Iterable[str]) -> None:
        """A torrent lies here, and nowhere else."""
        given = tuple(dict.fromkeys(places))
        if self._by_torrent.get(torrent) == given:
            return
        self.drop(torrent)
        if not given:
            return
        self._by_torrent[torrent] = given
        for place in given:
            self._torrents.setdefault(place, []).append(torrent)
            for above in _above(place):
                self._below[above] += 1

    def drop(self, torrent: str) -> None:
        """A torrent is gone."""
        for place in self._by_torrent.pop(torrent, ()):
            here = self._torrents[place]
            here.remove(torrent)
            if not here:
                del self._torrents[place]
            for above in _above(place):
                self._below[above] -= 1
                if not self._below[above]:
                    del self._below[above]

    def of(self, torrent: str) -> tuple[str, ...]:
        """Where a torrent lies; nothing where that is not known."""
        return self._by_torrent.get(torrent, ())

    def near(self, torrent: str) -> list[str]:
        """The other torrents that may have a file in common with one, in order."""
        found: set[str] = set()
        for place in self.of(torrent):
            for each in (place, *_above(place)):
                found.update(self._torrents.get(each, ()))
            if place in self._below:
                start = f"{place}/"
                for each, torrents in self._torrents.items():
                    if each.startswith(start):
                        found.update(torrents)
        return sorted(found - {torrent})


def _above(place: str) -> Iterable[str]:
    """The directories that a path lies in, the nearest first, without the root."""
    while (place := place.rpartition("/")[0]) != "":
        yield place
