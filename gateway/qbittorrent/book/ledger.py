"""Stores values by key. Each value has the revision of its last change. Pure."""

from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

REMEMBERED: Final = 20_000
"""The maximum number of removals that are remembered."""


class Removals(Generic[K]):
    """The keys that were removed, with the revision of each removal."""

    def __init__(self) -> None:
        self._at: OrderedDict[K, int] = OrderedDict()
        self._forgotten = 0

    def add(self, key: K, revision: int) -> None:
        """Notes a removal."""
        self._at[key] = revision
        self._at.move_to_end(key)
        if len(self._at) > REMEMBERED:
            _, self._forgotten = self._at.popitem(last=False)

    def discard(self, key: K) -> None:
        """Drops a removal, because the key is there again."""
        self._at.pop(key, None)

    def since(self, revision: int) -> list[K]:
        """The keys that were removed after a revision."""
        found: list[K] = []
        for key, at in reversed(self._at.items()):
            if at <= revision:
                break
            found.append(key)
        return found

    def reaches(self, revision: int) -> bool:
        """Whether all removals after a revision are known."""
        return revision >= self._forgotten


class Ledger(Generic[K, V]):
    """A map that knows its changes since a revision."""

    def __init__(self) -> None:
        self.values: dict[K, V] = {}
        self.removals: Removals[K] = Removals()
        self._changed: dict[K, int] = {}

    def update(self, values: Mapping[K, V], revision: int) -> bool:
        """Replaces all values. Returns whether a value changed. If no value changed, `revision` is not stored."""
        gone = self.values.keys() - values.keys()
        for key in gone:
            del self.values[key], self._changed[key]
            self.removals.add(key, revision)
        changed = bool(gone)
        for key, value in values.items():
            if key not in self.values or self.values[key] != value:
                self.put(key, value, revision)
                changed = True
        return changed

    def put(self, key: K, value: V, revision: int) -> None:
        """Stores a value that is new or has changed."""
        self.values[key] = value
        self._changed[key] = revision
        self.removals.discard(key)

    def pop(self, key: K, revision: int) -> None:
        """Removes a key."""
        del self.values[key], self._changed[key]
        self.removals.add(key, revision)

    def since(self, revision: int) -> Iterator[tuple[K, V]]:
        """The values that are new or have changed after a revision."""
        return ((key, self.values[key]) for key, at in self._changed.items() if at > revision)
