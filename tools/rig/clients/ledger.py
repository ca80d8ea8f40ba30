"""A ledger for one client. It has the state that results from the acknowledged changes. Pure.

Changes of one torrent are executed in the order in which they were sent. So each value must be the last acknowledged
value, or a later value with an unknown outcome.
"""

from collections.abc import Mapping
from typing import Any


class Owed:
    """One value. `settled` is the last acknowledged value. `open` has later values without a reply, by request."""

    def __init__(self, settled: Any) -> None:
        self.settled = settled
        self.open: dict[str, Any] = {}

    @property
    def latest(self) -> Any:
        """The value after all sent requests have been executed."""
        return next(reversed(self.open.values()), self.settled)

    def sent(self, request: str, value: Any) -> None:
        """Notes that a request to set this value was sent."""
        self.open[request] = value

    def accepted(self, request: str) -> None:
        """Notes that a request was acknowledged. Earlier requests do not matter any more."""
        if request not in self.open:
            return  # a later request was acknowledged already
        order = list(self.open)
        for earlier in order[: order.index(request) + 1]:
            self.settled = self.open.pop(earlier)

    def refused(self, request: str) -> None:
        """Notes that a request was refused, and so has changed nothing."""
        self.open.pop(request, None)

    def allows(self, found: Any) -> bool:
        """Whether this value is possible."""
        return found == self.settled or found in self.open.values()

    def resolve(self, found: Any) -> None:
        """Sets the actual value, when no request is outstanding any more."""
        self.settled = found
        self.open.clear()


class Account:
    """One torrent: whether it exists, and its values by name.

    If a request changes several values, it is noted for each value.
    """

    def __init__(self) -> None:
        self.there = Owed(False)
        self.values: dict[str, Owed] = {}

    def add(self, request: str, values: Mapping[str, Any]) -> None:
        """Notes a request to add the torrent, with these values."""
        self.there.sent(request, True)
        self.values = {name: Owed(value) for name, value in values.items()}

    def remove(self, request: str) -> None:
        """Notes a request to remove the torrent."""
        self.there.sent(request, False)

    def change(self, request: str, values: Mapping[str, Any]) -> None:
        """Notes a request to change these values."""
        for name, value in values.items():
            self.values[name].sent(request, value)

    def accepted(self, request: str) -> None:
        """Notes that a request was acknowledged."""
        for owed in (self.there, *self.values.values()):
            owed.accepted(request)

    def refused(self, request: str) -> None:
        """Notes that a request was refused."""
        for owed in (self.there, *self.values.values()):
            owed.refused(request)

    def losses(self, found: Mapping[str, Any] | None) -> list[str]:
        """The differences from what the daemon owes. `found` has the actual values; None without the torrent."""
        if not self.there.allows(found is not None):
            return ["is there, though removed" if found is not None else "is not there"]
        if found is None:
            return []
        return [
            f"{name} is {found[name]!r}, not {owed.settled!r}"
            + (f" nor any of {list(owed.open.values())!r}" if owed.open else "")
            for name, owed in self.values.items()
            if not owed.allows(found[name])
        ]

    def resolve(self, found: Mapping[str, Any] | None) -> None:
        """Sets the actual state, when no request is outstanding any more."""
        self.there.resolve(found is not None)
        if found is not None:
            for name, owed in self.values.items():
                owed.resolve(found[name])
