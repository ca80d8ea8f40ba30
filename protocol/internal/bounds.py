"""The directories in which payload may be: one rule for paths from clients and from torrents."""

from collections.abc import Iterable

import msgspec


class Bounds(msgspec.Struct, frozen=True):
    """The directories in which payload may be. All paths are absolute, and all links in them are resolved.

    Fields:
        roots: the download roots, and everything below them.
        reserved: directories without payload even if they are in a root: Ouzel's own, which the maker of a torrent
            could write to otherwise. A root inside one of these is still a root.
    """

    roots: list[str] = []
    reserved: list[str] = []

    def allow(self, resolved: str) -> bool:
        """Whether payload may be at a path."""
        root = _deepest(resolved, self.roots)
        return root >= 0 and root >= _deepest(resolved, self.reserved)


def _deepest(path: str, directories: Iterable[str]) -> int:
    """The length of the longest of these that a path is in; -1 if it is in none."""
    return max(
        (len(each) for each in directories if path == each or path.startswith(each.rstrip("/") + "/")), default=-1
    )
