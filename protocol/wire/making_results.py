"""The results of the commands that give out and make torrents."""

import msgspec


class TorrentExport(msgspec.Struct, frozen=True, kw_only=True):
    """A torrent to be given to others.

    Fields:
        metainfo: the content of the .torrent file; null while the metadata of a magnet link is not stored yet, which
            happens within seconds of its arrival.
        magnet: the magnet link, with all info-hashes, the name, the trackers and the web seeds.
    """

    metainfo: bytes | None
    magnet: str
