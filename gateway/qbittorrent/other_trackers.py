"""Stores trackers that Ouzel cannot use, such as `127.0.0.1` without a scheme.

qBittorrent lists these trackers, and says that their protocol is not supported. So the gateway lists them, too.
"""

from typing import Final

from gateway.store.store import Store

NAME: Final = "qbittorrent.trackers."
"""The beginning of a name in the store. The rest of the name is the torrent's id."""
MAX_KEPT: Final = 100
"""The maximum number of unusable trackers of one torrent."""
PROBLEM: Final = "unsupported URL protocol"


def other_trackers(store: Store, torrent: str) -> dict[str, int]:
    """Returns the tiers of a torrent's unusable trackers by URL."""
    found: dict[str, int] = store.get(NAME + torrent, {})
    return found


async def keep_other_trackers(store: Store, torrent: str, trackers: dict[str, int]) -> None:
    """Replaces the unusable trackers of a torrent. Drops trackers beyond the maximum."""
    kept = dict(list(trackers.items())[:MAX_KEPT])
    if kept != other_trackers(store, torrent):
        await store.put_many({NAME + torrent: kept or None})
