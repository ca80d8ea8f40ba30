"""Selects and sorts torrents for the list. Pure."""

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from gateway.qbittorrent.book.torrents import Entry
from gateway.qbittorrent.rows.row import FIELDS
from gateway.qbittorrent.rows.states import FILTERS

SORTED: Final = frozenset({"hash", *FIELDS})


class UnknownColumn(Exception):
    """The list cannot be sorted by this field."""


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of `torrents/info`.

    Fields:
        filter: the name of a filter. An unknown name selects all torrents.
        category: the category of the torrents. None selects all. An empty text selects torrents without a category.
        tag: a tag of the torrents. None selects all. An empty text selects torrents without tags.
        hashes: the hashes of the torrents. None selects all torrents.
        private: whether the torrents are private. None selects all torrents.
        sort: the field to sort by. If it is empty, torrents are in the order in which they were added.
        limit: the maximum number of torrents. If the limit is 0 or less, there is no maximum.
        offset: the index of the first torrent in the result. A negative offset counts from the end.
    """

    filter: str = ""
    category: str | None = None
    tag: str | None = None
    hashes: frozenset[str] | None = None
    private: bool | None = None
    sort: str = ""
    reverse: bool = False
    limit: int = 0
    offset: int = 0

    def run(self, entries: Iterable[Entry], prepare: Callable[[Entry], None]) -> list[Entry]:
        """Returns the selected entries.

        Args:
            prepare: called with each entry before the entry is compared.

        Raises:
            UnknownColumn: the field to sort by does not exist.
        """
        found = [entry for entry in entries if self.wants(entry)]
        for entry in found:
            prepare(entry)
        if found and self.sort:
            if self.sort not in SORTED:
                raise UnknownColumn(self.sort)
            found.sort(key=self._key, reverse=self.reverse)
        return self.cut(found)

    def wants(self, entry: Entry) -> bool:
        """Whether the query selects a torrent."""
        row = entry.row
        if self.hashes is not None and entry.hash not in self.hashes:
            return False
        if self.category is not None and row.category != self.category:
            return False
        if self.tag is not None and not _has_tag(entry, self.tag):
            return False
        if self.private is not None and bool(row.private) != self.private:
            return False
        passes = FILTERS.get(self.filter)
        return passes is None or passes(row)

    def cut(self, found: list[Entry]) -> list[Entry]:
        """Applies limit and offset."""
        offset = self.offset if self.offset >= 0 else len(found) + self.offset
        if not 0 <= offset < len(found):
            offset = 0
        return found[offset:] if self.limit <= 0 else found[offset : offset + self.limit]

    def _key(self, entry: Entry) -> Any:
        value = entry.hash if self.sort == "hash" else getattr(entry.row, self.sort)
        return False if value is None else value


def _has_tag(entry: Entry, tag: str) -> bool:
    labels = entry.torrent.row.labels
    return tag in labels if tag else not labels
