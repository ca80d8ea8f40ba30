"""Finds paths that lead out of the bounds, before libtorrent gets them. Pure: accesses the disk through a port.

libtorrent sanitizes the names inside a torrent, as tests verify. So a path can lead out of the bounds for only three
reasons: a symbolic link on disk, a name in resume data (`mapped_files` may have absolute paths or `..`), or a save path
that is no longer allowed. One check covers all three: where does the path lead, with every link in it resolved? So a
link from one root into another is allowed.

The check does not detect links that are created after it. ADR 022 explains the consequences.
"""

from collections.abc import Iterable
from enum import Enum
from typing import Final, NamedTuple, Protocol

from protocol.internal.bounds import Bounds

LEADS_OUT: Final = "path_not_allowed"
"""The name of the error that clients see."""


class Kind(Enum):
    """The kind of file at a path; links are not followed."""

    ABSENT = "absent"
    """The path does not exist, or this process cannot reach it, so libtorrent cannot either."""
    LINK = "link"
    OTHER = "other"


class Disk(Protocol):
    """The accesses to the disk that the check needs."""

    def kind(self, path: str) -> Kind:
        """The kind of file at an absolute path, of which only the last component can be a link."""
        ...

    def resolve(self, path: str) -> str | None:
        """The path with all links resolved, whether or not it exists; None if the links form a loop."""
        ...


class Escape(NamedTuple):
    """A path that leads out of the bounds, and its target; None if that cannot be determined."""

    path: str
    leads_to: str | None

    def __str__(self) -> str:
        if self.leads_to is None:
            return f"{self.path!r} leads nowhere that can be told"
        leads = "is" if self.leads_to == self.path else f"leads to {self.leads_to!r}, which is"
        return f"{self.path!r} {leads} not where torrents may be stored"


class _Place(NamedTuple):
    """The target of a path; whether it may exist; whether payload may be stored there."""

    resolved: str
    there: bool
    allowed: bool


class Judge:
    """Checks many paths, and accesses each of their components only once.

    It caches the results, so an instance must only be used for checks that are made together.

    Args:
        bounds: where payload may be stored.
        disk: accesses the disk.
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
        """The target of a path, determined from its longest cached prefix."""
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
        # The answer differs from that for the parent only at a root, or at a reserved directory.
        allowed = self._bounds.allow(path) if path in self._edges else above.allowed
        return _Place(path, kind is Kind.OTHER, allowed)

    def _landing(self, resolved: str) -> _Place:
        return _Place(resolved, there=True, allowed=self._bounds.allow(resolved or "/"))
