"""The session's only IP filter: the blocked addresses of the file, and the banned addresses."""

import contextlib
from collections.abc import Sequence
from typing import Any, Final

import libtorrent

from engine_proc.ip_filter.filter_file import Rule
from engine_proc.session import recorded

lt: Any = libtorrent
"""Untyped: the binding's type stubs lack some calls."""

_BLOCKED: Final = 1
"""`ip_filter::blocked`, a name that the binding lacks."""


def filter_of(rules: Sequence[Rule]) -> Any:
    """Returns a filter that blocks these ranges. May be called on any thread."""
    found = lt.ip_filter()
    for first, last in rules:
        found.add_rule(first, last, _BLOCKED)
    return found


class FilteredSession:
    """The part of the session that filters peers."""

    _session: Any

    def __init__(self) -> None:
        self._filter = lt.ip_filter()
        self._banned: Sequence[str] = ()
        self._only_banned: set[str] = set()
        """The banned addresses that the file does not block."""

    @recorded.of_session
    def block(self, filter_: object) -> None:
        """Blocks the addresses of a filter from `filter_of`, and no other addresses. None means no filter."""
        self._filter = lt.ip_filter() if filter_ is None else filter_
        self._only_banned.clear()
        self._ban(self._banned)
        self._put_into_force()

    @recorded.of_session
    def ban(self, addresses: Sequence[str]) -> None:
        """Bans these IP addresses, and no other addresses."""
        if addresses != self._banned:  # libtorrent checks the connections of all torrents
            self._ban(addresses)
            self._put_into_force()
            self._banned = addresses

    def _ban(self, addresses: Sequence[str]) -> None:
        for address in self._only_banned.difference(addresses):
            self._filter.add_rule(address, address, 0)
        self._only_banned.intersection_update(addresses)
        for address in addresses:
            with contextlib.suppress(RuntimeError):  # no address: somebody has edited the record
                if self._filter.access(address) != _BLOCKED:
                    self._filter.add_rule(address, address, _BLOCKED)
                    self._only_banned.add(address)

    def _put_into_force(self) -> None:
        self._session.set_ip_filter(self._filter)
        self._session.is_listening()  # a round trip, after which the filter is in force
