"""An index of the paths of torrents. It finds torrents that may share a file. Pure.

A *place* is the absolute path of a torrent's root folder, or of its only file. Two torrents can share a file only if
their places are equal, or if one place is below the other. So one look-up in a dictionary excludes most torrents,
without their lists of files.

Paths are compared as text. Save paths are stored with links resolved. Names that differ in case are different files, as
on nearly all file systems.
"""

from collections import Counter
from collections.abc import Iterable


class Places:
    """The places of all torrents."""

    def __init__(self) -> None:
        self._by_torrent: dict[str, tuple[str, ...]] = {}
        self._torrents: dict[str, list[str]] = {}
        self._below: Counter[str] = Counter()
        """The number of places below each directory."""

    def put(self, torrent: str, places: Iterable[str]) -> None:
        """Sets the places of a torrent."""
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
        """Removes a torrent."""
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
        """The places of a torrent. Empty if they are not known."""
        return self._by_torrent.get(torrent, ())

    def near(self, torrent: str) -> list[str]:
        """The other torrents that may share a file with this torrent, sorted."""
        return sorted(set(self.near_to(self.of(torrent))) - {torrent})

    def near_to(self, places: Iterable[str]) -> list[str]:
        """The torrents that may use a file at or below these places. The result is sorted."""
        found: set[str] = set()
        for place in places:
            for each in (place, *_above(place)):
                found.update(self._torrents.get(each, ()))
            if place in self._below:
                start = f"{place}/"
                for each, torrents in self._torrents.items():
                    if each.startswith(start):
                        found.update(torrents)
        return sorted(found)


def _above(place: str) -> Iterable[str]:
    """The directories above a path, the nearest first. The root is left out."""
    while (place := place.rpartition("/")[0]) != "":
        yield place
