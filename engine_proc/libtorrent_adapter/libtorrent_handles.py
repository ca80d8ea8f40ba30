"""Maps libtorrent's handles to torrents, from the request to add a torrent until its removal.

libtorrent identifies torrents by handle and by info-hash. A torrent may have two info-hashes. The second may become
known only with the metadata. Ouzel identifies torrents by id, which is one of the two info-hashes.
"""

from collections import deque
from collections.abc import Collection, Iterable
from typing import Any

from engine_proc.libtorrent_adapter.parsing.libtorrent_hashes import hashes


class Handles:
    """The *expected* torrents, their info-hashes, and their handles.

    A torrent is expected from the request to add it until its removal.

    Fields:
        by_torrent: the handles that may be used. Handles of torrents that are being removed are not included.
        torrents: the torrent of each handle in `by_torrent`.
    """

    def __init__(self) -> None:
        self.by_torrent: dict[str, Any] = {}
        self.torrents: dict[Any, str] = {}
        self._expected: set[str] = set()
        self._adding: deque[tuple[str, frozenset[str]]] = deque()
        """The unanswered additions, in the order of the requests, with their info-hashes."""
        self._owners: dict[str, list[str]] = {}
        """By info-hash, the expected torrents with this info-hash and another id.

        Few torrents have a second info-hash.
        """
        self._others: dict[str, set[str]] = {}
        """By torrent, its other info-hashes, without the id."""
        self._leaving: set[str] = set()

    def expect(self, torrent: str, info_hashes: frozenset[str]) -> None:
        """Notes that the torrent with these info-hashes is about to be added."""
        self._expected.add(torrent)
        self._adding.append((torrent, info_hashes))
        self.learn(torrent, info_hashes)

    def learn(self, torrent: str, info_hashes: Collection[str]) -> None:
        """Notes further info-hashes of an expected torrent."""
        for info_hash in info_hashes:
            if info_hash != torrent and info_hash not in (known := self._others.setdefault(torrent, set())):
                known.add(info_hash)
                self._owners.setdefault(info_hash, []).append(torrent)

    def put(self, torrent: str, handle: Any) -> None:
        """Stores the handle of a torrent that was added."""
        self.by_torrent[torrent] = handle
        self.torrents[handle] = torrent

    def leave(self, torrent: str) -> Any:
        """Notes that a torrent is about to be removed.

        Returns the torrent's handle. The handle must not be used any more, because it may become invalid at any moment.
        """
        self._leaving.add(torrent)
        return self._take(torrent)

    def stays(self, torrent: str, handle: Any) -> None:
        """Notes that the removal of a torrent has failed."""
        self._leaving.discard(torrent)
        self.put(torrent, handle)

    def drop(self, torrent: str) -> Any:
        """Removes a torrent that is gone, or could not be added. Returns the torrent's handle, if any."""
        self._expected.discard(torrent)
        self._leaving.discard(torrent)
        for info_hash in self._others.pop(torrent, ()):
            owners = self._owners[info_hash]
            owners.remove(torrent)
            if not owners:
                del self._owners[info_hash]
        return self._take(torrent)

    def _take(self, torrent: str) -> Any:
        handle = self.by_torrent.pop(torrent, None)
        if handle is not None:
            self.torrents.pop(handle, None)
        return handle

    def expects(self, handle: Any) -> bool:
        """Whether a handle belongs to a torrent that was added, is being added, or is being removed."""
        return handle in self.torrents or self.known(handle.info_hashes()) is not None

    def rival(self, torrent: str, info_hashes: Iterable[str]) -> str | None:
        """Another expected torrent with one of these info-hashes. libtorrent would refuse one of the two torrents."""
        for info_hash in info_hashes:
            for owner in self._having(info_hash):
                if owner != torrent:
                    return owner
        return None

    def known(self, info_hashes: Any) -> str | None:
        """The id of the expected torrent with one of these info-hashes, for alerts without a handle.

        While a torrent is being added, it may share an info-hash with another torrent. In that case, libtorrent will
        refuse the new torrent, and `known` returns the other torrent.
        """
        found = {owner for info_hash in hashes(info_hashes).known() for owner in self._having(info_hash)}
        if len(found) > 1:
            found = (found & self._leaving) or (found & self.by_torrent.keys()) or found
        return min(found, default=None)

    def answered(self, info_hashes: Any) -> str | None:
        """The torrent of the oldest unanswered addition with one of these info-hashes; None if there is none.

        libtorrent answers each addition once, in order. So the order distinguishes two torrents that share an
        info-hash. The comparison of info-hashes detects answers to additions that nobody requested.
        """
        known = hashes(info_hashes).known()
        for asked in self._adding:
            if asked[1] & known:
                self._adding.remove(asked)
                return asked[0]
        return None

    def _having(self, info_hash: str) -> list[str]:
        """The torrents with an info-hash. While a torrent is being added, there may be two."""
        others = self._owners.get(info_hash, [])
        return [info_hash, *others] if info_hash in self._expected else others
