"""The queue of torrents as Transmission has it: every torrent has a place. Pure."""

from gateway.mirror.mirror import Mirror


def positions(mirror: Mirror) -> dict[str, int]:
    """The places of all torrents, from 0. Those in libtorrent's queue come first, then the others by their age."""
    rows = [torrent.row for torrent in mirror.torrents.values()]
    rows.sort(key=lambda row: (row.queue_position is None, row.queue_position or 0, row.added_us, row.torrent))
    return {row.torrent: place for place, row in enumerate(rows)}
