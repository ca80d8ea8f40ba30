"""Judged sources: .torrent files that are about to be added, so that each is read and parsed once. Pure.

An add is two commands to the engine: its source is judged, and once its record is durable the torrent is loaded. What
was parsed for the first is kept for the second, within bounds; without it, the .torrent file is read from the disk.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, NamedTuple

from engine_proc.session.session_port import SourceInfo
from protocol.wire.desired import DesiredTorrent

SOURCES_MAX: Final = 1000
BYTES_MAX: Final = 32 * 1024 * 1024
"""Of metainfo; what is parsed of it takes as much again, about."""

JUDGED_S: Final = 2.0
"""For how long it holds that no path of a source leads out of the download roots. What is made on the disk meanwhile
could as well be made once the torrent is loaded: that is the sandbox's matter."""


class JudgedSource(NamedTuple):
    """A .torrent file.

    Fields:
        crc32: its own, None where its record does not have it.
        save_path: for which it was judged.
        info: what it says.
        at: when, in monotonic seconds.
    """

    metainfo: bytes
    crc32: int | None
    save_path: str
    info: SourceInfo
    at: float

    def paths_at(self, now: float) -> Sequence[str]:
        """The paths that are to be judged again."""
        return () if now - self.at <= JUDGED_S else self.info.paths


class JudgedSources:
    """The latest of them, by torrent id."""

    def __init__(self, *, bytes_max: int = BYTES_MAX) -> None:
        self._sources: OrderedDict[str, JudgedSource] = OrderedDict()
        self._bytes = 0
        self._bytes_max = bytes_max

    def keep(self, source: JudgedSource) -> None:
        """A source was judged; the oldest ones are dropped where there are too many."""
        self.drop(source.info.torrent)
        self._sources[source.info.torrent] = source
        self._bytes += len(source.metainfo)
        while self._sources and (self._bytes > self._bytes_max or len(self._sources) > SOURCES_MAX):
            self.drop(next(iter(self._sources)))

    def pop(self, desired: DesiredTorrent) -> JudgedSource | None:
        """The very source that a record is of, if it is kept; it is not kept any longer."""
        if desired.torrent not in self._sources:
            return None
        found = self.has(desired)
        source = self.drop(desired.torrent)
        return source if found else None

    def has(self, desired: DesiredTorrent) -> bool:
        """Whether the very source that a record is of is kept."""
        source = self._sources.get(desired.torrent)
        if source is None or desired.magnet is not None:
            return False
        return (source.crc32, source.save_path) == (desired.metainfo_crc32, desired.save_path)

    def drop(self, torrent: str) -> JudgedSource | None:
        """Keeps the source of a torrent no longer."""
        source = self._sources.pop(torrent, None)
        if source is not None:
            self._bytes -= len(source.metainfo)
        return source
