"""Determines the mount of each path, and whether this process may write to it. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

from protocol.host.mounts import Mounts, mount_point_of


class Home(NamedTuple):
    """The mount of a path: its mount point, and the identity of its file system."""

    mount_point: str
    identity: str


class Homes:
    """The mounts of paths, according to the last read of the mounts.

    Fields:
        mounts: the mounts that were read last.
    """

    def __init__(self, mounts: Mounts) -> None:
        self.mounts = mounts
        self._by_path: dict[str, Home] = {}
        """A cache of results. They depend on `mounts`."""
        self._covered: dict[str, Home] = {}
        self._covers: dict[str, bool] = {}
        """A cache of the results of `covers`. They depend on `mounts` and on `_covered`."""

    def read(self, mounts: Mounts) -> bool:
        """Stores mounts. Returns whether the mounts have changed."""
        changed = mounts != self.mounts
        self._by_path.clear()
        self._covers.clear()
        self.mounts = mounts
        return changed

    def of(self, path: str) -> Home:
        """The mount of a path."""
        home = self._by_path.get(path)
        if home is None:
            mount_point = mount_point_of(path, self.mounts)
            home = self._by_path[path] = Home(mount_point, self.mounts.get(mount_point, ""))
        return home

    def cover(self, directories: Iterable[str]) -> None:
        """Stores the directories that the sandbox makes writable. Call `cover` just after the sandbox is entered."""
        self._covered = {each: self.of(each) for each in directories}
        self._covers.clear()

    def covers(self, path: str) -> bool:
        """Whether the sandbox makes a path writable. False if a later mount covers the path's root."""
        found = self._covers.get(path)
        if found is None:  # thousands of torrents have the same save path
            found = self._covers[path] = not self._covered or any(
                path == each or path.startswith(each.rstrip("/") + "/")
                for each, home in self._covered.items()
                if home == self.of(each)
            )
        return found
