"""The free space of the download roots in the last check of the root watch. Pure."""

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

    def reports(self, now: float) -> list[RootReport]:
        """A report of each root's space, in the order of the first `note` of each root."""
        return [_report(root, seen, now - at) for root, (seen, at) in self._seen.items()]


def _report(root: str, seen: RootSeen | None, age_s: float) -> RootReport:
    if seen is None or seen.free_bytes is None:
        return RootReport(path=root)
    return RootReport(
        path=root, free_bytes=seen.free_bytes, size_bytes=seen.size_bytes, age_ms=max(0, int(age_s * 1000))
    )
