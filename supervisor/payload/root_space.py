"""The free space of the download roots in the last check of the root watch. Pure."""

from collections.abc import Iterable

from protocol.wire.reports import RootReport
from supervisor.payload.root_health import RootSeen


class RootSpaces:
    """The space of each root. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[RootSeen | None, float]] = {}

    def note(self, root: str, seen: RootSeen | None, now: float) -> None:
        """Stores the state of a root. None means that its disk does not answer."""
        self._seen[root] = seen, now

    def forget(self, root: str) -> None:
        """Removes a root that is not configured any more."""
        self._seen.pop(root, None)

    def reports(self, roots: Iterable[str], now: float) -> list[RootReport]:
        """A report of each of these roots, in this order. The space of a root that was not seen yet is unknown."""
        return [_report(root, *self._seen.get(root, (None, now)), now) for root in dict.fromkeys(roots)]


def _report(root: str, seen: RootSeen | None, at: float, now: float) -> RootReport:
    if seen is None or seen.free_bytes is None:
        return RootReport(path=root)
    age_ms = max(0, int((now - at) * 1000))
    return RootReport(path=root, free_bytes=seen.free_bytes, size_bytes=seen.size_bytes, age_ms=age_ms)
