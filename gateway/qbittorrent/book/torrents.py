"""The rows of all torrents, with the revisions of their fields. Pure."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import structlog

from gateway.mirror.mirror import Mirror
from gateway.mirror.torrent import Torrent
from gateway.qbittorrent.book.ledger import Removals
from gateway.qbittorrent.rows.building import clock_of, hash_of, row_of
from gateway.qbittorrent.rows.extras import Extras
from gateway.qbittorrent.rows.row import STEADY, Row
from gateway.qbittorrent.rows.spare import spare_row

log = structlog.get_logger()

BAD: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""The errors that an impossible value in a row may cause."""


class Entry:
    """One torrent.

    Fields:
        hash: the name by which clients know the torrent.
        torrent: the torrent in the mirror.
        row: the latest row.
        born: the revision in which the entry was made.
        revision: the revision in which a field last changed.
        changed: by field, the revision in which the field last changed. Fields that never changed are absent.
        session: the bytes that were downloaded and uploaded before the start of this process.
    """

    __slots__ = ("born", "changed", "hash", "revision", "row", "session", "torrent")

    def __init__(self, torrent: Torrent, row: Row, revision: int, session: tuple[int, int]) -> None:
        self.hash = hash_of(torrent.row)
        self.torrent = torrent
        self.row = row
        self.born = self.revision = revision
        self.changed: dict[str, int] = {}
        self.session = session

    def set_clock(self, now_us: int) -> None:
        """Sets the clock fields of the row."""
        try:
            for name, value in clock_of(self.torrent, now_us).items():
                setattr(self.row, name, value)
        except BAD as error:
            _report(self.torrent, error)

    def replace(self, row: Row, revision: int) -> None:
        """Replaces the row, and notes which fields have changed."""
        for name in STEADY:
            if getattr(row, name) != getattr(self.row, name):
                self.changed[name] = self.revision = revision
        self.row = row

    def has_new(self, name: str, revision: int) -> bool:
        """Whether this field is new in a revision, or has changed in it."""
        return self.born == revision or self.changed.get(name) == revision

    def since(self, revision: int) -> Mapping[str, Any]:
        """The fields that changed after a revision, without the clock fields."""
        return {name: getattr(self.row, name) for name, at in self.changed.items() if at > revision}


class Torrents:
    """The entries by hash.

    Args:
        extras_of: returns the data of a torrent that only the gateway has. Its argument is the torrent's id.

    Fields:
        entries: the torrents in the order in which they were added.
        removals: the removed hashes.
    """

    def __init__(self, extras_of: Callable[[str], Extras]) -> None:
        self._extras_of = extras_of
        self.entries: dict[str, Entry] = {}
        self.removals: Removals[str] = Removals()
        self._order: OrderedDict[str, None] = OrderedDict()
        self._touched: set[str] = set()
        self._seen = -1
        self._begun = False

    def update(self, mirror: Mirror, revision: int) -> tuple[list[Entry], list[Entry]]:
        """Applies the changes of the mirror. Returns the changed entries and the removed entries."""
        changed, removed = [], []
        for key in self._gone(mirror):
            if (entry := self.entries.pop(key, None)) is not None:
                self._order.pop(key, None)
                self.removals.add(key, revision)
                removed.append(entry)
        touched = [mirror.torrents[each] for each in self._touched if each in mirror.torrents]
        self._touched.clear()
        for torrent in (*reversed(list(mirror.changed_since(self._seen))), *touched):
            entry = self._apply(torrent, revision)
            if entry.revision == revision:
                self._order[entry.hash] = None
                self._order.move_to_end(entry.hash)
                changed.append(entry)
        self._seen, self._begun = mirror.revision, self._begun or mirror.ready
        return changed, removed

    def touch(self, torrents: Iterable[str]) -> None:
        """Marks torrents. The next update makes their rows again, even if the mirror has not changed."""
        self._touched.update(torrents)

    def since(self, revision: int) -> Iterator[Entry]:
        """The entries that are new or have changed after a revision, the latest first."""
        for key in reversed(self._order):
            entry = self.entries[key]
            if entry.revision <= revision:
                return
            yield entry

    def _gone(self, mirror: Mirror) -> list[str]:
        removed = mirror.removed_since(self._seen)
        if removed is None:
            present = {hash_of(torrent.row) for torrent in mirror.torrents.values()}
            return [key for key in self.entries if key not in present]
        return [torrent[:40] for torrent in removed]

    def _apply(self, torrent: Torrent, revision: int) -> Entry:
        row = torrent.row
        entry = self.entries.get(hash_of(row))
        if entry is None:
            session = (0, 0) if self._begun else (row.downloaded, row.uploaded)
            entry = Entry(torrent, self._row(torrent, session, None), revision, session)
            self.entries[entry.hash] = entry
            self.removals.discard(entry.hash)
            return entry
        entry.torrent = torrent
        entry.replace(self._row(torrent, entry.session, entry.row), revision)
        return entry

    def _row(self, torrent: Torrent, session: tuple[int, int], last: Row | None) -> Row:
        """Returns a row. If a value is impossible, returns the last row. Without a last row, returns a spare row."""
        try:
            return row_of(torrent, self._extras_of(torrent.row.torrent), session)
        except BAD as error:
            _report(torrent, error)
            return last or spare_row(hash_of(torrent.row), torrent.row.name)


def _report(torrent: Torrent, error: Exception) -> None:
    log.warning("bad_row", torrent=torrent.row.torrent, problem=repr(error))
