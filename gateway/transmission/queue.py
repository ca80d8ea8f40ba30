"""Computes positions in Transmission's queue. In Transmission, every torrent is in the queue. Pure."""

from gateway.mirror.mirror import Mirror


def positions(mirror: Mirror) -> dict[str, int]:
    """Returns the positions of all torrents.

    Torrents in libtorrent's queue are first. All other torrents follow by age.
    """
    rows = [torrent.row for torrent in mirror.torrents.values()]
    rows.sort(key=lambda row: (row.queue_position is None, row.queue_position or 0, row.added_us, row.torrent))
    return {row.torrent: place for place, row in enumerate(rows)}
