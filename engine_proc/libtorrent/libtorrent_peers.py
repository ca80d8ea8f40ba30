"""Peers that libtorrent would disconnect too soon, or not connect to again.

Both are done by changing a session setting for a while, which all torrents share.
"""

import itertools
from collections.abc import Callable
from typing import Any, Final

import libtorrent

from engine_proc.session.session_port import SettingValue

lt: Any = libtorrent
"""Untyped: the binding's stubs do not know all flags."""

Apply = Callable[[dict[str, SettingValue]], None]
"""Applies settings of the session."""

_FLAGS: Final = lt.torrent_flags
_FAILCOUNTS: Final = (31, 30)
"""How often a peer may have failed while known peers are called; libtorrent counts no further than 31."""
_UNLIMITED: Final = 2**24 - 1
"""libtorrent's number of connections of a torrent that has no limit."""
_CALLED_AT_ONCE: Final = 200
"""Torrents whose peers are called in one turn; each takes some round trips into libtorrent."""
_CALLING_TURNS: Final = 12
"""Each a request for statistics: at four a second, long enough for libtorrent to have called some dozen peers."""


class KeptSeeds:
    """Seeds that stay connected while magnet links wait for their metadata.

    Until its selection has been applied nothing of a link's torrent is wanted, so libtorrent takes it for finished,
    disconnects seeds as redundant, and does not connect to them again for a while.
    """

    def __init__(self) -> None:
        self._waiting: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def keep(self, torrent: str, apply: Apply) -> None:
        """A torrent waits for its metadata."""
        self._waiting.add(torrent)
        apply({"close_redundant_connections": False})

    def release(self, torrent: str, apply: Apply, close_redundant: SettingValue) -> None:
        """A torrent does not wait any more; once none does, seeds are what is configured."""
        if torrent in self._waiting:
            self._waiting.discard(torrent)
            if not self._waiting:
                apply({"close_redundant_connections": close_redundant})


class PeerCalls:
    """Torrents whose known peers are to be called.

    libtorrent does not do that by itself for a torrent that was finished, or paused. It counts the peers that it may
    call, and calls nobody while there are none. Seeds are none of them while a torrent is finished, and that it is not
    any more counts only once it calls somebody. It counts anew, for all torrents, when `max_failcount` changes; that
    peers which failed too often are among them for a while is wanted here.
    """

    def __init__(self) -> None:
        self._asked: dict[str, None] = {}
        self._turns_left = 0
        """For how many turns `max_failcount` is another one than it should be."""
        self._failcount = _FAILCOUNTS[0]

    def ask(self, torrent: str) -> None:
        """A torrent's peers are to be called in one of the next turns."""
        self._asked[torrent] = None

    def turn(self, apply: Apply, max_failcount: SettingValue) -> list[str]:
        """To be called with each request for statistics. Returns the torrents that are to be passed to `call_again`."""
        if self._turns_left:
            self._turns_left -= 1
            if not self._turns_left:
                apply({"max_failcount": max_failcount})
        if not self._asked:
            return []
        self._failcount = _FAILCOUNTS[self._failcount == _FAILCOUNTS[0]]
        apply({"max_failcount": self._failcount})
        self._turns_left = _CALLING_TURNS
        due = list(itertools.islice(self._asked, _CALLED_AT_ONCE))
        for torrent in due:
            del self._asked[torrent]
        return due


def call_again(handle: Any) -> None:
    """Has libtorrent connect to peers that it has just disconnected, and notice that it may.

    A torrent that leaves upload mode may do the one. It does the other when its number of connections is set to another
    one.
    """
    flags = handle.flags()
    if flags & _FLAGS.paused:
        return
    if not flags & _FLAGS.upload_mode and not handle.get_download_queue():
        # Requests that are under way would be taken back; who has some has peers, too.
        handle.set_flags(_FLAGS.upload_mode)
        handle.unset_flags(_FLAGS.upload_mode)
    limit = handle.max_connections()
    handle.set_max_connections(limit + 1 if limit < _UNLIMITED else limit - 1)
    handle.set_max_connections(limit)
