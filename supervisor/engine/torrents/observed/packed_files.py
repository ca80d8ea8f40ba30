"""The files of a torrent, packed to save memory. Pure.

A supervisor may have a hundred thousand torrents.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from protocol.wire.events.torrent_events import FileEntry

_FILES: Final = msgspec.msgpack.Decoder(list[FileEntry])
PACKED: Final = 500
"""The number of files that are packed together. Reading one file unpacks all files of its pack."""
_NO_PATHS: Final[Mapping[str, str]] = MappingProxyType({})


class Metadata(msgspec.Struct, frozen=True, gc=False):
    """The files of a torrent. They are packed, because there may be hundreds of thousands.

    Fields:
        torrent_paths: by index: the path of a file in the metainfo. Only files with another path on the disk are
            listed.
    """

    count: int
    packed_files: tuple[bytes, ...]
    torrent_paths: Mapping[str, str] = _NO_PATHS

    @classmethod
    def of(cls, files: list[FileEntry], torrent_paths: Mapping[str, str] = _NO_PATHS) -> "Metadata":
        """Packs the files."""
        packed = tuple(msgspec.msgpack.encode(files[at : at + PACKED]) for at in range(0, len(files), PACKED))
        return cls(len(files), packed, torrent_paths or _NO_PATHS)

    def files(self, start: int = 0) -> Iterator[FileEntry]:
        """Yields the files, from index `start` on."""
        first, skipped = divmod(start, PACKED)
        for packed in self.packed_files[first:]:
            yield from _FILES.decode(packed)[skipped:]
            skipped = 0
