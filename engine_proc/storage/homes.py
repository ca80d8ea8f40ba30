"""Determines the mount of each path, and whether this process may write to it. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

from protocol.host.mounts import Mounts, mount_point_of


class Home(NamedTuple):
    """The mount of a path: the mount point, and the identity of the mounted file system."""

    mount_point: str
    identity: str


class Homes:
    """The mounts of paths, by the mounts that were read last.

    Fields:
        mounts: the mounts that were read last.
    """

    def __init__(self, mounts: Mounts) -> None:
        self.mounts = mounts
        self._by_path: dict[str, Home] = {}
        """A cache of results, which depend on `mounts`."""
        self._covered: dict[str, Home] = {}

    def read(self, mounts: Mounts) -> bool:
        """Stores the mounts that were read. Returns whether they have changed."""
        changed = mounts != self.mounts
        self._by_path.clear()
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
        """Stores the directories below which the sandbox lets this process write, when it has just been entered."""
        self._covered = {each: self.of(each) for each in directories}

    def covers(self, path: str) -> bool:
        """Whether the sandbox lets this process write at a path. False if something was mounted over its root since."""
        return not self._covered or any(
            path == each or path.startswith(each.rstrip("/") + "/")
            for each, home in self._covered.items()
            if home == self.of(each)
        )
