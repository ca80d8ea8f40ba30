"""Where payload may be: one rule for the paths that clients name and for those that come out of torrents."""

from collections.abc import Iterable

import msgspec


class Bounds(msgspec.Struct, frozen=True):
    """Where payload may be. All paths are absolute, and all links in them are resolved.

    Fields:
        roots: the download roots, and what is below them.
        reserved: directories below which there is no payload even where they lie in a root: Ouzel's own, which whoever
            makes a torrent could write to otherwise. A root in one of these is a root all the same.
    """

    roots: list[str] = []
    reserved: list[str] = []

    def allow(self, resolved: str) -> bool:
        """Whether payload may be at a path."""
        root = _deepest(resolved, self.roots)
        return root >= 0 and root >= _deepest(resolved, self.reserved)


def _deepest(path: str, directories: Iterable[str]) -> int:
    """How long the longest of these is that a path lies in; -1 where it lies in none."""
    return max(
        (len(each) for each in directories if path == each or path.startswith(each.rstrip("/") + "/")), default=-1
    )
