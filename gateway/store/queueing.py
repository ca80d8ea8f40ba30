"""Whether the queue decides when torrents run. All interfaces share this value."""

from typing import Final

from gateway.store.store import Store

QUEUEING: Final = "queueing"
"""The name of the value in the store."""


def queueing(store: Store) -> bool:
    """Whether libtorrent's queue manages all torrents, including torrents that are added later."""
    return bool(store.get(QUEUEING, False))
