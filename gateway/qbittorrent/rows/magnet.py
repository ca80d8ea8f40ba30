"""Magnet links. Pure."""

from functools import lru_cache
from urllib.parse import quote

from gateway.mirror.torrent import Torrent


def magnet_uri(torrent: Torrent) -> str:
    """Returns a link with the info-hashes, the name and the trackers of a torrent."""
    row = torrent.row
    parts = []
    if row.info_hash_v1:
        parts.append(f"xt=urn:btih:{row.info_hash_v1}")
    if row.info_hash_v2:
        parts.append(f"xt=urn:btmh:1220{row.info_hash_v2}")
    if row.name:
        parts.append(f"dn={quote(row.name, safe='')}")
    parts += [f"tr={_quoted(url)}" for url, _ in torrent.facts.trackers]
    return f"magnet:?{'&'.join(parts)}"


@lru_cache(maxsize=1024)
def _quoted(url: str) -> str:
    """Quotes a tracker's URL for a link. The result is cached, because many torrents have the same trackers."""
    return quote(url, safe="")
