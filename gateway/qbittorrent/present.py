"""The present state that all reads use."""

import time
from typing import Any, Final

import msgspec
from starlette.exceptions import HTTPException

from gateway.context import Gateway
from gateway.daemon.daemon import Unavailable
from gateway.qbittorrent.book.book import Book
from gateway.qbittorrent.book.server_state import server_state
from gateway.qbittorrent.book.torrents import Entry
from gateway.qbittorrent.routing import require
from gateway.qbittorrent.rows.extras import NO_EXTRAS, Extras
from gateway.qbittorrent.rows.row import Row
from gateway.store.queueing import queueing
from gateway.web.fields import Fields

TAGS: Final = "qbittorrent.tags"
TORRENT: Final = "qbittorrent.torrent."
CATEGORIES: Final = "qbittorrent.categories"
PREFERENCES: Final = "qbittorrent.preferences"
NOT_FOUND: Final = "Not Found"
ENCODER: Final = msgspec.json.Encoder()


class Present:
    """The book, updated for each request."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self._book = Book(self._extras_of)

    def book(self) -> Book:
        """Returns the book with all changes up to now. Raises Unavailable if the daemon was never reached."""
        mirror, store = self.gateway.mirror, self.gateway.store
        if not mirror.ready:
            raise Unavailable("The daemon has not answered yet.")
        preferences: dict[str, Any] = store.get(PREFERENCES, {})
        state = server_state(
            mirror,
            queueing=queueing(store),
            subcategories=bool(preferences.get("use_subcategories", False)),
        )
        self._book.update(
            mirror,
            store.get(TAGS, []),
            None if state is None else msgspec.structs.asdict(state),
            {name: kept["given"] for name, kept in store.get(CATEGORIES, {}).items() if kept.get("given")},
        )
        return self._book

    def touch(self, torrents: list[str]) -> None:
        """Marks torrents, so that their rows are made again. Call it after a change of their data in the store."""
        self._book.torrents.touch(torrents)

    def entry(self, fields: Fields) -> Entry:
        """Returns the torrent with the parameter `hash`. Raises HTTPException: 400 without it, 404 if it is unknown."""
        require(fields, "hash")
        book, found = self.book(), self.gateway.mirror.find(fields["hash"].strip().lower())
        entry = None if found is None else book.torrents.entries.get(found.row.torrent[:40])
        if entry is None:
            raise HTTPException(404, NOT_FOUND)
        return entry

    def _extras_of(self, torrent: str) -> Extras:
        found = self.gateway.store.get(TORRENT + torrent)
        return NO_EXTRAS if found is None else msgspec.convert(found, Extras)


def listed(info_hash: str, row: Row, members: dict[str, Any]) -> bytes:
    """Returns a row in JSON, together with the hash and further members."""
    more = b"".join(b",%s:%s" % (ENCODER.encode(name), ENCODER.encode(value)) for name, value in members.items())
    return b'{"hash":"%s",%s%s}' % (info_hash.encode(), ENCODER.encode(row)[1:-1], more)


def array(items: list[bytes]) -> bytes:
    """Joins encoded items to a JSON array. Copies each item only once."""
    if not items:
        return b"[]"
    items[0] = b"[" + items[0]
    items[-1] += b"]"
    return b",".join(items)


def now_us() -> int:
    """The time in microseconds since 1970."""
    return time.time_ns() // 1000
