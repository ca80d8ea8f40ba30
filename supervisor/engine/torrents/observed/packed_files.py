"""The files of a torrent, packed to save memory. Pure.

A supervisor may have a hundred thousand torrents.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from protocol.wire.events.torrent_events import FileEntry

_FILES: Final = msgspec.msgpack.Decoder(list[FileEntry])
PACKED: Final = 500
"""The number of files that are packed together. Reading one file unpacks all files of its pack."""
_NO_PATHS: Final[Mapping[str, str]] = MappingProxyType({})


class Metadata(msgspec.Struct, frozen=True, gc=False):
    """The files of a torrent. The files are packed, because there may be hundreds of thousands of files.

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

    def renamed(self, renames: Sequence[tuple[int, str]]) -> "Metadata":
        """Returns the files with the new paths in `renames`."""
        return Metadata.of(*with_renames(list(self.files()), self.torrent_paths, renames)) if renames else self


def with_renames(
    files: list[FileEntry], torrent_paths: Mapping[str, str], renames: Iterable[tuple[int, str]]
) -> tuple[list[FileEntry], Mapping[str, str]]:
    """Returns files and their `torrent_paths` with the renames in a record.

    An engine may have listed the files before it knew the renames.
    """
    paths = dict(renames)
    late = [file for file in files if paths.get(file.index, file.path) != file.path]
    if not late:
        return files, torrent_paths
    differing = {**{str(file.index): file.path for file in late}, **torrent_paths}
    for file in late:
        if differing[str(file.index)] == paths[file.index]:
            del differing[str(file.index)]
    renamed = [
        file if (path := paths.get(file.index, file.path)) == file.path else msgspec.structs.replace(file, path=path)
        for file in files
    ]
    return renamed, differing
