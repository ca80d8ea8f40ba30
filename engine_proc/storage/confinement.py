"""Finds paths that lead out of the bounds, before libtorrent gets them. Pure: a port accesses the disk.

libtorrent sanitizes the names inside a torrent, as tests verify. A path can lead out of the bounds for three reasons:

- there is a symbolic link on disk;
- resume data has an absolute path, or a path with `..` (`mapped_files`);
- the save path is no longer allowed.

The check resolves all links in a path, then checks the target. This covers all three reasons. A link from one root into
another root is allowed.

The check cannot detect links that are created later. ADR 022 explains the consequences.
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
    """The path does not exist, or this process (and so libtorrent) cannot reach it."""
    LINK = "link"
    OTHER = "other"


class Disk(Protocol):
    """The accesses to the disk that the check needs."""

    def kind(self, path: str) -> Kind:
        """The kind of file at an absolute path. Only the last component may be a link."""
        ...

    def resolve(self, path: str) -> str | None:
        """The path with all links resolved; None if the links form a loop. The path need not exist."""
        ...


class Escape(NamedTuple):
    """A path that leads out of the bounds, and the path's target. The target is None if it is unknown."""

    path: str
    leads_to: str | None

    def __str__(self) -> str:
        if self.leads_to is None:
            return f"{self.path!r} leads nowhere that can be told"
        leads = "is" if self.leads_to == self.path else f"leads to {self.leads_to!r}, which is"
        return f"{self.path!r} {leads} not where torrents may be stored"


class _Place(NamedTuple):
    """The target of a path; whether the target may exist; whether payload may be stored there."""

    resolved: str
    there: bool
    allowed: bool


class Judge:
    """Checks many paths. Accesses each component only once.

    The results are cached and become outdated. So use an instance only for checks at the same time.

    Args:
        bounds: the directories in which payload may be stored.
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
