"""Stores the data that clients set and that the daemon does not have."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from gateway.qbittorrent.present import CATEGORIES, PREFERENCES, TAGS, TORRENT
from gateway.qbittorrent.rows.extras import NO_EXTRAS, Extras
from gateway.store.store import Store


class CategoryExtras(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The stored data of a category.

    Fields:
        given: the save path as a client wrote it.
        stored: the save path that the daemon got. If the daemon has another save path now, `given` is outdated.
        download_path: the path for incomplete files. False means no path, and None means the default.
    """

    given: str = ""
    stored: str | None = None
    download_path: str | bool | None = None


class Kept:
    """Reads and writes this data in the store. Reads are from memory. Writes are durable when they return.

    Args:
        store: the store.
        changed: called with the torrents that have changed data.
    """

    def __init__(self, store: Store, changed: Callable[[list[str]], None]) -> None:
        self._store = store
        self._changed = changed

    def extras(self, torrent: str) -> Extras:
        """The stored data of a torrent."""
        found = self._store.get(TORRENT + torrent)
        return NO_EXTRAS if found is None else msgspec.convert(found, Extras)

    async def put_extras(self, extras: Mapping[str, Extras]) -> None:
        """Stores the data of torrents, if it has changed."""
        changed = {torrent: each for torrent, each in extras.items() if each != self.extras(torrent)}
        if changed:
            await self._store.put_many(
                {TORRENT + torrent: None if each == NO_EXTRAS else each for torrent, each in changed.items()}
            )
            self._changed(list(changed))

    def tags(self) -> list[str]:
        """The tags that clients made, also tags without torrents."""
        found: list[str] = self._store.get(TAGS, [])
        return found

    async def add_tags(self, tags: Iterable[str]) -> None:
        """Adds tags. Ignores existing tags."""
        known = self.tags()
        if new := [each for each in dict.fromkeys(tags) if each not in known]:
            await self._store.put(TAGS, [*known, *new])

    async def delete_tags(self, tags: Iterable[str]) -> None:
        """Deletes tags."""
        gone = set(tags)
        await self._store.put(TAGS, [each for each in self.tags() if each not in gone])

    def category(self, name: str) -> CategoryExtras:
        """The stored data of a category."""
        return msgspec.convert(self._store.get(CATEGORIES, {}).get(name, {}), CategoryExtras)

    async def put_category(self, name: str, extras: CategoryExtras | None) -> None:
        """Stores the data of a category. None deletes the data."""
        known: dict[str, Any] = self._store.get(CATEGORIES, {})
        known.pop(name, None)
        await self._store.put(CATEGORIES, known if extras is None else {**known, name: extras})

    def preference(self, name: str, default: bool) -> bool:
        """A preference that is on or off."""
        return bool(self._store.get(PREFERENCES, {}).get(name, default))

    def text(self, name: str) -> str:
        """A preference that is a text. It is empty if it was not set."""
        return str(self._store.get(PREFERENCES, {}).get(name) or "")
