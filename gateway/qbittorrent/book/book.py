"""The book: all data that `sync/maindata` sends. Pure."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from gateway.mirror.mirror import Mirror
from gateway.qbittorrent.book.ledger import Ledger
from gateway.qbittorrent.book.torrents import Entry, Torrents
from gateway.qbittorrent.rows.extras import NO_EXTRAS, Extras
from gateway.qbittorrent.rows.row import Row


class Book:
    """The state that all sessions share. Call `update` before each read.

    Fields:
        revision: the number of the last update that changed something.
        torrents: the rows.
        categories: the categories by name, in the form of the API.
        tags: the tags. Their values are None.
        trackers: by URL, the hashes of the torrents that have the tracker.
        server: the fields of `server_state`.
    """

    def __init__(self, extras_of: Callable[[str], Extras] = lambda _: NO_EXTRAS) -> None:
        self.revision = 0
        self.torrents = Torrents(extras_of)
        self.categories: Ledger[str, Mapping[str, str]] = Ledger()
        self.tags: Ledger[str, None] = Ledger()
        self.trackers: Ledger[str, dict[str, None]] = Ledger()
        self.server: Ledger[str, Any] = Ledger()
        self._spare_tags: set[str] = set()
        self._urls: dict[str, tuple[str, ...]] = {}

    def update(
        self,
        mirror: Mirror,
        tags: Iterable[str] = (),
        server: Mapping[str, Any] | None = None,
        paths: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Applies the changes since the last update.

        Args:
            tags: tags that exist although no torrent has them.
            server: the fields of `server_state`. If it is None, these fields stay the same.
            paths: by category, the save path as a client wrote it, if the daemon has another form of the path.
        """
        revision = self.revision + 1
        changed, removed = self.torrents.update(mirror, revision)
        anything = bool(changed or removed)
        for entry in removed:
            self._set_trackers(entry.hash, (), revision)
        for entry in changed:
            self._set_trackers(entry.hash, tuple(url for url, _ in entry.torrent.facts.trackers), revision)
        categories = {
            name: {"name": name, "savePath": paths.get(name, found.save_path or "")}
            for name, found in mirror.categories.items()
        }
        anything |= self.categories.update(categories, revision)
        if removed or set(tags) != self._spare_tags or any(each.has_new("tags", revision) for each in changed):
            self._spare_tags = set(tags)
            used = {label for torrent in mirror.torrents.values() for label in torrent.row.labels}
            anything |= self.tags.update(dict.fromkeys(sorted(used | self._spare_tags)), revision)
        if server is not None:
            anything |= self.server.update(server, revision)
        if anything:
            self.revision = revision

    def reaches(self, revision: int) -> bool:
        """Whether all changes after a revision are known."""
        ledgers = (self.torrents, self.categories, self.tags, self.trackers)
        return all(each.removals.reaches(revision) for each in ledgers)

    def changes_of(self, entry: Entry, revision: int, now_us: int) -> Row | dict[str, Any]:
        """The fields of a torrent that changed after a revision. All fields if the torrent is new."""
        entry.set_clock(now_us)
        if entry.born > revision:
            return entry.row
        changes = dict(entry.since(revision))
        if changes:
            row = entry.row
            changes |= {"eta": row.eta, "seeding_time": row.seeding_time, "time_active": row.time_active}
        return changes

    def _set_trackers(self, info_hash: str, urls: tuple[str, ...], revision: int) -> None:
        before = self._urls.get(info_hash, ())
        if before == urls:
            return
        for url in set(before) - set(urls):
            hashes = self.trackers.values[url]
            hashes.pop(info_hash, None)
            if hashes:
                self.trackers.put(url, hashes, revision)
            else:
                self.trackers.pop(url, revision)
        for url in dict.fromkeys(urls):
            if url not in before:
                hashes = self.trackers.values.get(url, {})
                hashes[info_hash] = None
                self.trackers.put(url, hashes, revision)
        if urls:
            self._urls[info_hash] = urls
        else:
            self._urls.pop(info_hash, None)
