"""Trackers that Ouzel cannot use, such as `127.0.0.1` without a scheme. They are kept as clients gave them.

qBittorrent lists such trackers, too, and says that the protocol is not supported.
"""

from typing import Final

from gateway.store.store import Store

NAME: Final = "qbittorrent.trackers."
"""The beginning of the names in the store; the torrent's id follows."""
MAX_KEPT: Final = 100
"""The maximum number of such trackers of one torrent."""
PROBLEM: Final = "unsupported URL protocol"


def other_trackers(store: Store, torrent: str) -> dict[str, int]:
    """Returns the tiers of these trackers by URL."""
    found: dict[str, int] = store.get(NAME + torrent, {})
    return found


async def keep_other_trackers(store: Store, torrent: str, trackers: dict[str, int]) -> None:
    """Replaces these trackers of a torrent. Those above the maximum are left out."""
    kept = dict(list(trackers.items())[:MAX_KEPT])
    if kept != other_trackers(store, torrent):
        await store.put_many({NAME + torrent: kept or None})
