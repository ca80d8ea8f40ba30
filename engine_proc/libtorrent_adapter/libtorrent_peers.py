"""Workarounds for two defects of libtorrent in its connections to peers.

In one case libtorrent disconnects peers too soon. In the other case libtorrent does not connect to known peers again.
Both workarounds temporarily change a session setting, so they affect all torrents.
"""

import itertools
from collections.abc import Callable
from typing import Any, Final

import libtorrent

from protocol.wire.desired import SettingValue

lt: Any = libtorrent
"""Untyped: the binding's type stubs lack some flags."""

Apply = Callable[[dict[str, SettingValue]], None]
"""A function that applies settings to the session."""

_FLAGS: Final = lt.torrent_flags
_FAILCOUNTS: Final = (31, 30)
"""The temporary values of `max_failcount`. libtorrent counts at most 31 failures of a peer."""
_UNLIMITED: Final = 2**24 - 1
"""libtorrent's connection limit for a torrent without limit."""
_CALLED_AT_ONCE: Final = 200
"""For how many torrents peers are called at one time. Each torrent takes some round trips into libtorrent."""
_CALLING_TURNS: Final = 12
"""For how many requests for statistics `max_failcount` stays changed.

There are four requests a second. In the whole time, libtorrent can connect to some dozen peers.
"""


def everybody(flags: int) -> Any:
    """An IP filter that gives these flags to every address."""
    found = lt.ip_filter()
    found.add_rule("0.0.0.0", "255.255.255.255", flags)  # noqa: S104  # a range of addresses, not a bind
    found.add_rule("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", flags)
    return found


class KeptSeeds:
    """Keeps seeds connected while magnet links wait for their metadata.

    Until the engine applies the selection, no file of a link's torrent is selected. So libtorrent considers the torrent
    finished, and disconnects seeds as redundant. For a while it does not connect to the same seeds again.
    """

    def __init__(self) -> None:
        self._waiting: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def keep(self, torrent: str, apply: Apply) -> None:
        """Notes that a torrent waits for its metadata."""
        self._waiting.add(torrent)
        apply({"close_redundant_connections": False})

    def release(self, torrent: str, apply: Apply, close_redundant: SettingValue) -> None:
        """Notes that a torrent no longer waits. If no torrent waits now, `close_redundant` is applied again."""
        if torrent in self._waiting:
            self._waiting.discard(torrent)
            if not self._waiting:
                apply({"close_redundant_connections": close_redundant})


class PeerCalls:
    """Makes libtorrent connect to the known peers of torrents.

    If a torrent was finished or paused, libtorrent does not connect to its known peers again:

    1. libtorrent counts the candidates among the known peers. While the count is 0, libtorrent connects to no peer.
    2. While a torrent is finished, seeds are no candidates, so the count can be 0.
    3. When the torrent is no longer finished, libtorrent does not count again before it connects to a peer. So the
       count stays 0.

    A change of `max_failcount` makes libtorrent count again for all torrents. As a wanted side effect, peers that
    failed too often are candidates for a while.
    """

    def __init__(self) -> None:
        self._asked: dict[str, None] = {}
        self._turns_left = 0
        """The number of requests for statistics after which `max_failcount` is restored."""
        self._failcount = _FAILCOUNTS[0]

    def __bool__(self) -> bool:
        """Whether `max_failcount` is changed now."""
        return self._turns_left > 0

    def ask(self, torrent: str) -> None:
        """Requests connections to a torrent's peers. `turn` returns the torrent at a later request for statistics."""
        self._asked[torrent] = None

    def turn(self, apply: Apply, max_failcount: SettingValue) -> list[str]:
        """Returns the torrents to pass to `call_again`. Call `turn` at each request for statistics."""
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
    """Makes libtorrent connect to a torrent's peers, also to recently disconnected peers.

    After a torrent has left upload mode, libtorrent may connect to recently disconnected peers. If the torrent's
    connection limit changes, libtorrent checks again whether the torrent needs peers.
    """
    flags = handle.flags()
    if flags & _FLAGS.paused:
        return
    if not flags & _FLAGS.upload_mode and not handle.get_download_queue():
        # Entering upload mode cancels outstanding requests. A torrent that has such requests has peers anyway.
        handle.set_flags(_FLAGS.upload_mode)
        handle.unset_flags(_FLAGS.upload_mode)
    limit = handle.max_connections()
    handle.set_max_connections(limit + 1 if limit < _UNLIMITED else limit - 1)
    handle.set_max_connections(limit)
