"""Keeps libtorrent's queue in the desired order."""

from typing import Final

from engine_proc.session.session_port import LibtSession
from protocol.wire.desired import DEFAULT_OPTIONS, DesiredTorrent

PAUSE_S: Final = 1.0
"""The minimum time between two arrangements. Each arrangement needs the status of all torrents."""


class Queue:
    """Keeps libtorrent's queue in the desired order.

    If a torrent is added or becomes incomplete, libtorrent appends it to the queue. So after each of these changes the
    whole order is compared.

    Args:
        session: the session.
    """

    def __init__(self, session: LibtSession) -> None:
        self._session = session
        self._keys: dict[str, tuple[int, str]] = {}
        self._changed = False
        self._not_before = 0.0

    def place(self, desired: DesiredTorrent) -> None:
        """Notes the desired place of a torrent that was added or changed, or that may have become incomplete."""
        if desired.options is DEFAULT_OPTIONS and not self._keys:
            return
        if desired.options.auto_managed and not desired.options.force_start:
            self._keys[desired.torrent] = desired.queue_key
            self._changed = True
        else:
            self.discard(desired.torrent)

    def discard(self, torrent: str) -> None:
        """Removes a torrent from the queue."""
        self._keys.pop(torrent, None)

    def arrange(self, now: float) -> None:
        """Puts libtorrent's queue in the desired order, if the order may have changed."""
        if self._changed and now >= self._not_before:
            self._changed, self._not_before = False, now + PAUSE_S
            self._session.arrange_queue(sorted(self._keys, key=lambda torrent: self._keys[torrent]))
