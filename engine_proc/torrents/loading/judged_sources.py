"""Judged sources: keeps parsed .torrent files until their torrents are added. So each file is parsed once. Pure.

To add a torrent, the supervisor sends two commands:

1. `InspectSource` validates the source.
2. `EnsureTorrent` loads the torrent, once its record is durable.

The parsed form is kept from the first command to the second, within limits. If it was dropped, the .torrent file is
read from disk.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, NamedTuple

from engine_proc.session.session_port import SourceInfo
from protocol.wire.desired import ContentLayout, DesiredTorrent

SOURCES_MAX: Final = 12_000
"""The maximum number of kept sources. It is greater than the number of torrents that wait to be loaded; see
`CommandQueue`.
"""
BYTES_MAX: Final = 32 * 1024 * 1024
"""The maximum size of all kept metainfo in bytes. The parsed forms need about the same amount of memory again."""

JUDGED_S: Final = 10.0
"""The time for which the check of a source's paths is valid.

Links may be created after the check, or after the load. The sandbox protects against both.
"""


class JudgedSource(NamedTuple):
    """A parsed and validated .torrent file.

    Fields:
        crc32: the file's checksum; None if the record has no checksum.
        save_path: the save path for which the source was checked.
        info: the parsed content.
        at: the time of the check in monotonic seconds.
        content_layout: the layout for which the source was checked.
    """

    metainfo: bytes
    crc32: int | None
    save_path: str
    info: SourceInfo
    at: float
    content_layout: ContentLayout = "original"

    def paths_at(self, now: float) -> Sequence[str]:
        """The paths that have to be checked again."""
        return () if now - self.at <= JUDGED_S else self.info.paths


class JudgedSources:
    """The latest judged sources, by torrent id."""

    def __init__(self, *, bytes_max: int = BYTES_MAX) -> None:
        self._sources: OrderedDict[str, JudgedSource] = OrderedDict()
        self._bytes = 0
        self._bytes_max = bytes_max

    def keep(self, source: JudgedSource) -> None:
        """Stores a judged source. Evicts the oldest sources beyond the limits."""
        self.drop(source.info.torrent)
        self._sources[source.info.torrent] = source
        self._bytes += len(source.metainfo)
        while self._sources and (self._bytes > self._bytes_max or len(self._sources) > SOURCES_MAX):
            self.drop(next(iter(self._sources)))

    def pop(self, desired: DesiredTorrent) -> JudgedSource | None:
        """Removes and returns the kept source of a record, if any."""
        if desired.torrent not in self._sources:
            return None
        found = self.has(desired)
        source = self.drop(desired.torrent)
        return source if found else None

    def has(self, desired: DesiredTorrent) -> bool:
        """Whether the source that belongs to a record is kept."""
        source = self._sources.get(desired.torrent)
        if source is None or desired.magnet is not None:
            return False
        judged = (source.crc32, source.save_path, source.content_layout)
        return judged == (desired.metainfo_crc32, desired.save_path, desired.content_layout)

    def drop(self, torrent: str) -> JudgedSource | None:
        """Removes and returns the source of a torrent."""
        source = self._sources.pop(torrent, None)
        if source is not None:
            self._bytes -= len(source.metainfo)
        return source
