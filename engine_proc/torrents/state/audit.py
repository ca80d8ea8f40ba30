"""Decides when each torrent is compared with its desired state. Pure.

The first comparison follows soon after the torrent was added or restored. Later comparisons are periodic. A comparison
waits for libtorrent, so only a few are made at one time.
"""

from typing import Final

CYCLE_S: Final = 600.0
"""Seconds between two comparisons of a torrent."""

BATCH: Final = 4
"""The number of torrents that are compared at one time, four times a second.

Each comparison needs two calls that wait for libtorrent. One cycle covers nearly 10,000 torrents.
"""


class AuditSchedule:
    """Schedules the comparisons. Times are monotonic seconds that the caller passes."""

    def __init__(self, *, cycle_s: float = CYCLE_S, batch: int = BATCH) -> None:
        self._cycle_s = cycle_s
        self._batch = batch
        self._soon: dict[str, None] = {}
        self._later: dict[str, float] = {}
        """The times of later comparisons. They are sorted, because each new time is the latest."""

    def watch(self, torrent: str) -> None:
        """Adds a torrent to the schedule after it was added to the session."""
        self._later.pop(torrent, None)
        self._soon[torrent] = None

    def discard(self, torrent: str) -> None:
        """Removes a torrent from the schedule."""
        self._soon.pop(torrent, None)
        self._later.pop(torrent, None)

    def due(self, now: float) -> list[str]:
        """The torrents to compare now. Each is due again after a cycle."""
        chosen: list[str] = []
        for torrent in self._soon:
            if len(chosen) == self._batch:
                break
            chosen.append(torrent)
        for torrent, at in self._later.items():
            if len(chosen) == self._batch or at > now:
                break
            chosen.append(torrent)
        for torrent in chosen:
            self.discard(torrent)
            self._later[torrent] = now + self._cycle_s
        return chosen
