"""The messages between the supervisor and the helper processes that give out and make torrents."""

import msgspec


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `engine_proc.export`.

    Fields:
        metainfo: the .torrent file; None while the metadata is not on disk.
        magnet: the magnet link; None if none of the torrent's stored data can be read.
        problem: why there is no magnet link; empty if there is one.
    """

    metainfo: bytes | None = None
    magnet: str | None = None
    problem: str = ""
