"""Finds the torrents in the argument `ids`. Pure."""

from collections.abc import Iterable
from typing import Any, Final

from gateway.mirror.mirror import Mirror
from gateway.mirror.torrent import Torrent
from gateway.store.store import Store
from gateway.transmission.arguments import Arguments

RECENT: Final = ("recently-active", "recently_active")


def is_recent(arguments: Arguments) -> bool:
    """Whether `ids` is `recently-active`: the torrents that have changed in the last minute."""
    return arguments.get("ids") in RECENT


def selected(mirror: Mirror, store: Store, arguments: Arguments, since: int) -> list[Torrent]:
    """Returns the torrents in `ids`. Ignores unknown ids. Without `ids`, returns all torrents.

    As in Transmission, an empty list and null mean no torrent. Otherwise a client that has selected nothing could
    remove all torrents.

    Args:
        since: the mirror's revision of a minute ago.
    """
    if "ids" not in arguments:
        return list(mirror.torrents.values())
    if is_recent(arguments):
        return list(mirror.changed_since(since))
    ids = arguments["ids"]
    return _found(mirror, store, ids if isinstance(ids, list) else [ids])


def _found(mirror: Mirror, store: Store, ids: Iterable[Any]) -> list[Torrent]:
    found: dict[str, Torrent] = {}
    for each in ids:
        torrent = None
        if isinstance(each, str):
            torrent = mirror.find(each.lower())
        elif isinstance(each, int) and not isinstance(each, bool) and (known := store.torrent_of(each)) is not None:
            torrent = mirror.torrents.get(known)
        if torrent is not None:
            found[torrent.row.torrent] = torrent
    return list(found.values())
