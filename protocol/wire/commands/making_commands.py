"""The commands that give out the torrents that Ouzel has, and make new ones.

As in `protocol.wire.commands`, a Struct's tag is the `op`.
"""

from protocol.wire.commands.kinds import DiskRead, TorrentId


class ExportTorrent(DiskRead, frozen=True, kw_only=True, tag="export_torrent"):
    """Returns the .torrent file of a torrent, and its magnet link.

    The info section has exactly the bytes that the info-hash is of. Trackers and web seeds are those that the torrent
    has now, with all changes. The reply is made from the files in the resume directory, so no engine is needed.
    """

    torrent: TorrentId
