"""Which of libtorrent's handles is which torrent, from its addition to its end.

libtorrent knows torrents by handle and by info-hash; a torrent may have two of these, and learn the second from its
metadata only. Ouzel knows them by id, which is one of the two.
"""

from collections import deque
from collections.abc import Collection, Iterable
from typing import Any

from engine_proc.libtorrent.libtorrent_hashes import hashes


class Handles:
    """The torrents that were asked for, their info-hashes, and their handles.

    Fields:
        by_torrent: the handles that may be called; none of a torrent that is leaving.
        torrents: the torrent of each of these.
    """

    def __init__(self) -> None:
        self.by_torrent: dict[str, Any] = {}
        self.torrents: dict[Any, str] = {}
        self._expected: set[str] = set()
        self._adding: deque[tuple[str, frozenset[str]]] = deque()
        """Additions that libtorrent has yet to answer, in the order in which it was asked, with their info-hashes."""
        self._owners: dict[str, list[str]] = {}
        """The expected torrents that have an info-hash which is not their id; nearly all have none."""
        self._others: dict[str, set[str]] = {}
        """These info-hashes of each."""
        self._leaving: set[str] = set()

    def expect(self, torrent: str, info_hashes: frozenset[str]) -> None:
        """The torrent with these info-hashes is about to be added."""
        self._expected.add(torrent)
        self._adding.append((torrent, info_hashes))
        self.learn(torrent, info_hashes)

    def learn(self, torrent: str, info_hashes: Collection[str]) -> None:
        """An expected torrent has these info-hashes."""
        for info_hash in info_hashes:
            if info_hash != torrent and info_hash not in (known := self._others.setdefault(torrent, set())):
                known.add(info_hash)
                self._owners.setdefault(info_hash, []).append(torrent)

    def put(self, torrent: str, handle: Any) -> None:
        """The torrent was added, and has this handle."""
        self.by_torrent[torrent] = handle
        self.torrents[handle] = torrent

    def leave(self, torrent: str) -> Any:
        """The torrent is about to be removed: its handle, which is not given out any more, may be dead any moment."""
        self._leaving.add(torrent)
        return self._take(torrent)

    def stays(self, torrent: str, handle: Any) -> None:
        """The torrent was not removed after all."""
        self._leaving.discard(torrent)
        self.put(torrent, handle)

    def drop(self, torrent: str) -> Any:
        """The torrent is gone, or was never added. Returns its handle, None where it has none."""
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
        """Whether this is a torrent that was added, is being added, or is being removed."""
        return handle in self.torrents or self.known(handle.info_hashes()) is not None

    def rival(self, torrent: str, info_hashes: Iterable[str]) -> str | None:
        """Another expected torrent with one of these info-hashes: of the two libtorrent would take only one."""
        for info_hash in info_hashes:
            for owner in self._having(info_hash):
                if owner != torrent:
                    return owner
        return None

    def known(self, info_hashes: Any) -> str | None:
        """The id of the expected torrent with one of these info-hashes, where there is no handle to tell.

        Where two have one, which is so only while one of them is being added and will be refused, it is the other.
        """
        found = {owner for info_hash in hashes(info_hashes).known() for owner in self._having(info_hash)}
        if len(found) > 1:
            found = (found & self._leaving) or (found & self.by_torrent.keys()) or found
        return min(found, default=None)

    def answered(self, info_hashes: Any) -> str | None:
        """The torrent whose addition is answered: libtorrent answers each of them once, in their order.

        So two that share an info-hash are told apart even where the metadata of the first has come meanwhile, and its
        handle has the hash of the second. An addition that nobody asked for has the hash of none.
        """
        known = hashes(info_hashes).known()
        for asked in self._adding:
            if asked[1] & known:
                self._adding.remove(asked)
                return asked[0]
        return None

    def _having(self, info_hash: str) -> list[str]:
        """Who has an info-hash: two only where one learns it from its metadata while the other is being added."""
        others = self._owners.get(info_hash, [])
        return [info_hash, *others] if info_hash in self._expected else others
