"""On which mount each path is, and which paths this process may write at. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

from protocol.host.mounts import Mounts, mount_point_of


class Home(NamedTuple):
    """Where a path is: on which mount point, and what is mounted there."""

    mount_point: str
    identity: str


class Homes:
    """By the mounts that were read last.

    Fields:
        mounts: those.
    """

    def __init__(self, mounts: Mounts) -> None:
        self.mounts = mounts
        self._by_path: dict[str, Home] = {}
        """What follows from `mounts`, to be found out once a path."""
        self._covered: dict[str, Home] = {}

    def read(self, mounts: Mounts) -> bool:
        """The mounts were read again: whether they have changed."""
        changed = mounts != self.mounts
        self._by_path.clear()
        self.mounts = mounts
        return changed

    def of(self, path: str) -> Home:
        """Where a path is."""
        home = self._by_path.get(path)
        if home is None:
            mount_point = mount_point_of(path, self.mounts)
            home = self._by_path[path] = Home(mount_point, self.mounts.get(mount_point, ""))
        return home

    def cover(self, directories: Iterable[str]) -> None:
        """The sandbox has just been set, and lets this process write below these directories."""
        self._covered = {each: self.of(each) for each in directories}

    def covers(self, path: str) -> bool:
        """Whether the sandbox lets this process write at a path; not where something was mounted over a root since."""
        return not self._covered or any(
            path == each or path.startswith(each.rstrip("/") + "/")
            for each, home in self._covered.items()
            if home == self.of(each)
        )
