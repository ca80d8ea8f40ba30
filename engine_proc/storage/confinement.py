"""Which of the paths that libtorrent is to be given leads out of bounds. Pure: the disk is asked through a port.

Names inside a torrent are cleaned by libtorrent (tests hold that), so it takes one of these to get out: a symbolic link
on the disk, a name in resume data (`mapped_files` may be absolute, or climb), or a save path that was allowed once. All
are answered by one question: where does the path lead, with every link in it resolved? So a link that leads from one
root into another is fine.

What this file does not know: whether a link is made after it has looked. ADR 022 says what that means.
"""

from collections.abc import Iterable
from enum import Enum
from typing import Final, NamedTuple, Protocol

from protocol.internal.bounds import Bounds

LEADS_OUT: Final = "path_not_allowed"
"""The name of the error that clients are told."""


class Kind(Enum):
    """What is at a path, links not followed."""

    ABSENT = "absent"
    """Nothing, or nothing that this process can reach; then libtorrent cannot either."""
    LINK = "link"
    OTHER = "other"


class Disk(Protocol):
    """What is asked of the disk."""

    def kind(self, path: str) -> Kind:
        """What is at a path; `path` is absolute, and nothing in it but its last name can be a link."""
        ...

    def resolve(self, path: str) -> str | None:
        """Where a path leads, all links in it resolved, whether or not there is something; None if that is nowhere."""
        ...


class Escape(NamedTuple):
    """A path that leads out of the bounds, and where to; None where that cannot be told."""

    path: str
    leads_to: str | None

    def __str__(self) -> str:
        if self.leads_to is None:
            return f"{self.path!r} leads nowhere that can be told"
        leads = "is" if self.leads_to == self.path else f"leads to {self.leads_to!r}, which is"
        return f"{self.path!r} {leads} not where torrents may be stored"


class _Place(NamedTuple):
    """Where a path leads; whether there may be something, and payload may be."""

    resolved: str
    there: bool
    allowed: bool


class Judge:
    """Looks at each name on the way to many paths once: it is for one moment, and is not kept.

    Args:
        bounds: where payload may be.
        disk: the disk.
    """

    def __init__(self, bounds: Bounds, disk: Disk) -> None:
        self._bounds = bounds
        self._disk = disk
        self._edges = {*bounds.roots, *bounds.reserved}
        self._places: dict[str, _Place | None] = {"": _Place("", there=True, allowed=bounds.allow("/"))}

    def escape(self, paths: Iterable[str]) -> Escape | None:
        """The first of these paths that leads out of the bounds."""
        for path in paths:
            if not path.startswith("/") or "\0" in path:
                return Escape(path, None)
            place = self._place(path)
            if place is None or not place.allowed:
                return Escape(path, place.resolved or "/" if place is not None else None)
        return None

    def _place(self, path: str) -> _Place | None:
        """Where a path leads, from the longest part of it that is known on."""
        unknown = []
        while path not in self._places:
            unknown.append(path)
            path = path.rpartition("/")[0]
        place = self._places[path]
        while unknown:
            path = unknown.pop()
            if place is not None:
                place = self._step(place, path.rpartition("/")[2])
            self._places[path] = place
        return place

    def _step(self, above: _Place, name: str) -> _Place | None:
        if name in ("", "."):
            return above
        if name == "..":
            return self._landing(above.resolved.rpartition("/")[0])
        path = f"{above.resolved}/{name}"
        kind = self._disk.kind(path) if above.there else Kind.ABSENT
        if kind is Kind.LINK:
            resolved = self._disk.resolve(path)
            return None if resolved is None else self._landing(resolved.rstrip("/"))
        # Only at the edge of a root, or of what is reserved in one, is another answer than one step above.
        allowed = self._bounds.allow(path) if path in self._edges else above.allowed
        return _Place(path, kind is Kind.OTHER, allowed)

    def _landing(self, resolved: str) -> _Place:
        return _Place(resolved, there=True, allowed=self._bounds.allow(resolved or "/"))
