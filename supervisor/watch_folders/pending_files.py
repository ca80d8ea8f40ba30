"""Decides which files of a watch folder are tried, and when. Pure. Times are monotonic seconds."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from supervisor.pacing.backoff import exponential

SUFFIXES: Final = (".torrent", ".magnet")

STABLE_S: Final = 1.0
"""For how long a file must have been unchanged before it is read. A program may still be writing the file."""

INVALID_S: Final = 10.0
"""For how long a file must have been unchanged before it can be called invalid."""

_AGAIN: Final = exponential(2.0, 300.0)

Stamp = tuple[int, ...]
"""The stamp of a file. It differs if the file was replaced or written to."""


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
        """Notes the files in the folder. If a file has changed, the time until the next attempt begins anew."""
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
        """When the next file is to be tried. None if there is no file."""
        return min((file.due for file in self._files.values() if file.due is not None), default=None)

    def stamp(self, name: str) -> Stamp | None:
        """The stamp of a file in the last scan. None if the file has gone."""
        file = self._files.get(name)
        return None if file is None else file.stamp

    def is_final(self, name: str, now: float) -> bool:
        """Whether a file has been unchanged for long, so that its content is final."""
        file = self._files.get(name)
        return file is not None and now - file.since >= INVALID_S

    def again(self, name: str, now: float) -> None:
        """Schedules another attempt for a file. Does nothing if the file has gone."""
        file = self._files.get(name)
        if file is not None:
            attempts = file.attempts + 1
            self._files[name] = file._replace(due=now + _AGAIN.delay_s(attempts), attempts=attempts)

    def done(self, name: str) -> None:
        """Ends the attempts for a file. If the file changes, it is tried again."""
        if name in self._files:
            self._files[name] = self._files[name]._replace(due=None)
