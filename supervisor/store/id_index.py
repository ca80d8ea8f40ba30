"""An index of torrents by info-hash. Pure.

Nearly all torrents have one hash, and this hash is their id. So only further hashes are stored.
"""

from collections.abc import Iterable

from protocol.wire.desired import DesiredTorrent
from supervisor.store.identity import SHORT, aliases


class IdIndex:
    """Torrent ids by info-hash. Several records may have the same hash until they are merged."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._aliases: dict[str, list[str]] = {}
        """The ids of torrents by further keys. The keys are further hashes of a torrent, and the ids of merged records.
        """
        self._shortened: dict[str, list[str]] = {}
        """The ids of torrents, by their truncated v2 hashes."""
        self._entries: dict[str, tuple[frozenset[str], str | None]] = {}

    def put(self, desired: DesiredTorrent) -> None:
        """Adds or updates a record."""
        torrent = desired.torrent
        self.drop(torrent)
        self._ids.add(torrent)
        others = aliases(desired)
        v2 = desired.info_hash_v2 or (torrent if len(torrent) > SHORT else None)
        if not others and v2 is None:
            return
        self._entries[torrent] = (others, v2)
        for each in others:
            self._aliases.setdefault(each, []).append(torrent)
        if v2 is not None:
            self._shortened.setdefault(v2[:SHORT], []).append(torrent)

    def drop(self, torrent: str) -> None:
        """Removes a record."""
        self._ids.discard(torrent)
        others, v2 = self._entries.pop(torrent, (frozenset(), None))
        for each in others:
            _take_out(self._aliases, each, torrent)
        if v2 is not None:
            _take_out(self._shortened, v2[:SHORT], torrent)

    def owners(self, hashes: Iterable[str]) -> list[str]:
        """The ids of the torrents with one of these hashes, in order and without duplicates."""
        found = set()
        for each in hashes:
            if each in self._ids:
                found.add(each)
            found.update(self._aliases.get(each, ()))
        return sorted(found)

    def near(self, hashes: Iterable[str]) -> list[str]:
        """Like `owners`, but truncated hashes match, too."""
        given = list(hashes)
        found = set(self.owners({*given, *(each[:SHORT] for each in given)}))
        for each in given:
            found.update(self._shortened.get(each, ()))
        return sorted(found)


def _take_out(index: dict[str, list[str]], key: str, torrent: str) -> None:
    index[key].remove(torrent)
    if not index[key]:
        del index[key]
