"""When each torrent is compared with what is desired: soon after it was added or restored, then now and again. Pure.

A comparison asks libtorrent directly, so only a few are made in one go.
"""

from typing import Final

CYCLE_S: Final = 600.0
"""Seconds from one look at a torrent to the next."""

BATCH: Final = 4
"""Torrents that are looked at in one go, four times a second: each costs five calls that wait for libtorrent's thread,
and ten thousand of them have their turn in a cycle."""


class AuditSchedule:
    """Times are monotonic seconds, given by the caller."""

    def __init__(self, *, cycle_s: float = CYCLE_S, batch: int = BATCH) -> None:
        self._cycle_s = cycle_s
        self._batch = batch
        self._soon: dict[str, None] = {}
        self._later: dict[str, float] = {}
        """In the order of their times, since each new time is later than all others."""

    def watch(self, torrent: str) -> None:
        """A torrent has just been added."""
        self._later.pop(torrent, None)
        self._soon[torrent] = None

    def discard(self, torrent: str) -> None:
        """A torrent is gone."""
        self._soon.pop(torrent, None)
        self._later.pop(torrent, None)

    def due(self, now: float) -> list[str]:
        """The torrents to look at now; each comes again after a cycle."""
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
