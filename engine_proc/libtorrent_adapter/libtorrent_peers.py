"""The peers that libtorrent connects to: workarounds for two of its defects.

In one case libtorrent disconnects peers too soon, in another it does not connect to them again. Both workarounds
temporarily change a session setting, which affects all torrents.
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
"""The values of `max_failcount` while known peers are called. libtorrent counts failures of a peer up to 31."""
_UNLIMITED: Final = 2**24 - 1
"""libtorrent's connection limit for a torrent without limit."""
_CALLED_AT_ONCE: Final = 200
"""The maximum number of torrents whose peers are called at one time. Each takes some round trips into libtorrent."""
_CALLING_TURNS: Final = 12
"""For how many requests for statistics `max_failcount` stays changed.

There are four requests a second, so libtorrent can connect to some dozen peers in that time.
"""


def everybody(flags: int) -> Any:
    """An IP filter that gives these flags to every address."""
    found = lt.ip_filter()
    found.add_rule("0.0.0.0", "255.255.255.255", flags)  # noqa: S104  # a range of addresses, not a bind
    found.add_rule("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", flags)
    return found


class KeptSeeds:
    """Keeps seeds connected while magnet links wait for their metadata.

    Until the selection has been applied, no file of a link's torrent is selected. So libtorrent considers the torrent
    finished, disconnects seeds as redundant, and does not connect to them again for a while.
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
        """Notes that a torrent no longer waits. Once none waits, the configured `close_redundant` applies again."""
        if torrent in self._waiting:
            self._waiting.discard(torrent)
            if not self._waiting:
                apply({"close_redundant_connections": close_redundant})


class PeerCalls:
    """Makes libtorrent connect to the known peers of torrents.

    libtorrent does not do that by itself for a torrent that was finished or paused. It counts the candidates among the
    known peers, and connects to none while the count is 0. While a torrent is finished, seeds are no candidates. Once
    the torrent is not finished any more, libtorrent updates the count only when it connects to a peer. So the count
    stays 0. A change of `max_failcount` makes libtorrent count again for all torrents. As a wanted side effect, peers
    that failed too often are candidates for a while.
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
        """Requests that a torrent's peers are called with one of the next requests for statistics."""
        self._asked[torrent] = None

    def turn(self, apply: Apply, max_failcount: SettingValue) -> list[str]:
        """Called with each request for statistics. Returns the torrents to pass to `call_again`."""
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
    """Makes libtorrent connect to a torrent's peers, even to those that it has just disconnected.

    After leaving upload mode a torrent may connect to recently disconnected peers. Changing its connection limit makes
    libtorrent reconsider whether the torrent needs peers.
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
