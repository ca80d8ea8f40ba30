"""Decides which files of a watch folder are tried, and when. Pure. Times are monotonic seconds."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from supervisor.pacing.backoff import exponential

SUFFIXES: Final = (".torrent", ".magnet")

STABLE_S: Final = 1.0
"""For how long a file must have been unchanged before it is read: it may still be written."""

INVALID_S: Final = 10.0
"""For how long a file must have been unchanged before it can be called invalid."""

_AGAIN: Final = exponential(2.0, 300.0)

Stamp = tuple[int, ...]
"""Differs if a file was replaced or written to."""


class _Pending(NamedTuple):
    stamp: Stamp
    since: float
    due: float | None
    attempts: int = 0


class PendingFiles:
    """The files of a folder that were not added yet."""

    def __init__(self) -> None:
        self._files: dict[str, _Pending] = {}

    def scanned(self, stamps: Mapping[str, Stamp], now: float) -> None:
        """Notes the files that are there now. For a changed file, the time until it is tried begins anew."""
        self._files = {
            name: before
            if (before := self._files.get(name)) is not None and before.stamp == stamp
            else _Pending(stamp, now, now + STABLE_S)
            for name, stamp in stamps.items()
        }

    def due(self, now: float) -> list[str]:
        """The files that are to be tried now, in the order of their names."""
        return sorted(name for name, file in self._files.items() if file.due is not None and file.due <= now)

    def next_due(self) -> float | None:
        """When the next file is to be tried; None if there is none."""
        return min((file.due for file in self._files.values() if file.due is not None), default=None)

    def stamp(self, name: str) -> Stamp:
        """The stamp of a file, as it was scanned."""
        return self._files[name].stamp

    def is_final(self, name: str, now: float) -> bool:
        """Whether the file has been unchanged for INVALID_S, so that it is probably complete."""
        return now - self._files[name].since >= INVALID_S

    def again(self, name: str, now: float) -> None:
        """Schedules another attempt for a file."""
        file = self._files[name]
        attempts = file.attempts + 1
        self._files[name] = file._replace(due=now + _AGAIN.delay_s(attempts), attempts=attempts)

    def done(self, name: str) -> None:
        """Ends the attempts for a file, unless it changes."""
        self._files[name] = self._files[name]._replace(due=None)
