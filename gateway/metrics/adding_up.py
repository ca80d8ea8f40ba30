"""Adds up counters of processes that follow one another. Pure."""

from collections.abc import Mapping


class AddingUp:
    """Makes counters that never go down from counters that begin at 0 with each process.

    If any counter is lower than before, a new process has begun. The last known values of the old process are then
    added to all values of the new process. What the old process counted after its last known values is lost.
    """

    def __init__(self) -> None:
        self._last: dict[str, float] = {}
        self._before: dict[str, float] = {}
        """The sums of the last values of earlier processes."""

    def add(self, values: Mapping[str, float]) -> dict[str, float]:
        """Returns the sums for new values."""
        if any(value < self._last.get(name, 0) for name, value in values.items()):
            for name, value in self._last.items():
                self._before[name] = self._before.get(name, 0) + value
            self._last.clear()
        self._last.update(values)
        return {name: self._before.get(name, 0) + value for name, value in values.items()}
