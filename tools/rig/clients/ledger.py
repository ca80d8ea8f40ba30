"""What a daemon owes a client: the state that acknowledged changes add up to. Pure.

Changes of one torrent are made in the order in which they were sent. So each value of it must be the one acknowledged
last, or one that was sent after that and of which nothing is known.
"""

from collections.abc import Mapping
from typing import Any


class Owed:
    """One value. `settled` is the one acknowledged last, `open` those sent after it, by request."""

    def __init__(self, settled: Any) -> None:
        self.settled = settled
        self.open: dict[str, Any] = {}

    @property
    def latest(self) -> Any:
        """What it is once all that was sent is done."""
        return next(reversed(self.open.values()), self.settled)

    def sent(self, request: str, value: Any) -> None:
        """A request that would make it this value is on its way."""
        self.open[request] = value

    def accepted(self, request: str) -> None:
        """The request was acknowledged; what was sent before it does not matter any more."""
        if request not in self.open:
            return  # a later one was acknowledged already
        order = list(self.open)
        for earlier in order[: order.index(request) + 1]:
            self.settled = self.open.pop(earlier)

    def refused(self, request: str) -> None:
        """The request was refused, and has changed nothing."""
        self.open.pop(request, None)

    def allows(self, found: Any) -> bool:
        """Whether the value can be this."""
        return found == self.settled or found in self.open.values()

    def resolve(self, found: Any) -> None:
        """The value is this, and nothing is on its way any more."""
        self.settled = found
        self.open.clear()


class Account:
    """One torrent: whether it is there, and then its values by name.

    A request that changes several values at once, or that it be there, is one request of each.
    """

    def __init__(self) -> None:
        self.there = Owed(False)
        self.values: dict[str, Owed] = {}

    def add(self, request: str, values: Mapping[str, Any]) -> None:
        """It is asked for, with these values."""
        self.there.sent(request, True)
        self.values = {name: Owed(value) for name, value in values.items()}

    def remove(self, request: str) -> None:
        """It shall be gone."""
        self.there.sent(request, False)

    def change(self, request: str, values: Mapping[str, Any]) -> None:
        """These values shall change."""
        for name, value in values.items():
            self.values[name].sent(request, value)

    def accepted(self, request: str) -> None:
        """A request was acknowledged."""
        for owed in (self.there, *self.values.values()):
            owed.accepted(request)

    def refused(self, request: str) -> None:
        """A request was refused."""
        for owed in (self.there, *self.values.values()):
            owed.refused(request)

    def losses(self, found: Mapping[str, Any] | None) -> list[str]:
        """What of it differs from what is owed. `found` has its values, None where it is not there."""
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
        """This is how it is, and nothing is on its way any more."""
        self.there.resolve(found is not None)
        if found is not None:
            for name, owed in self.values.items():
                owed.resolve(found[name])
