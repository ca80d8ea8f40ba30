"""The merger: merges records if metadata proves that these records are of the same torrent.

`supervisor.store.identity` decides which records are merged. If a merge cannot be made durable, the merger tries again.
Meanwhile the engine has loaded one of the records.
"""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from types import TracebackType
from typing import Final, Protocol

import msgspec

from protocol.durable.integrity import crc32_of
from protocol.internal.link_events import HashesProven
from protocol.wire.desired import DesiredTorrent
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.events.event import LifecycleEvent
from protocol.wire.events.session_events import Reconciled
from protocol.wire.events.torrent_events import TorrentRemoved
from supervisor.concurrency.keyed_locks import Hold, KeyedLocks
from supervisor.concurrency.threads import in_thread
from supervisor.engine.torrents.observed.snapshot import Snapshot
from supervisor.log import logs
from supervisor.store import identity
from supervisor.store.catalogue import Catalogue
from supervisor.store.identity import Candidate, Identity, Known, Same

RETRY_S: Final = 1.0


class Loading(Protocol):
    """Has an engine apply changed records."""

    def ensure(self, desired: DesiredTorrent, *, afresh: bool = False) -> None:
        """Has a torrent's desired state applied. With `afresh`, the engine retries a stopped torrent."""

    def forget(self, desired: DesiredTorrent) -> None:
        """Has a removed torrent unloaded."""


class Merger:
    """Merges records.

    Args:
        engine: loads and unloads torrents.
        locks: locks of torrents, by id. All code that changes records shares these locks.
        publish: publishes a lifecycle event.
    """

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        snapshot: Snapshot,
        engine: Loading,
        locks: KeyedLocks,
        publish: Callable[[LifecycleEvent], int],
        log: logs.Logger,
    ) -> None:
        self._catalogue = catalogue
        self._snapshot = snapshot
        self._engine = engine
        self._locks = locks
        self._publish = publish
        self._log = log
        self._waiting: dict[str, HashesProven] = {}
        self._news = asyncio.Event()

    def proven(self, event: HashesProven) -> None:
        """Queues the proven info-hashes of a torrent; `run` passes them to `settle`."""
        if event.torrent in self._catalogue.torrents:
            self._waiting[event.torrent] = event
            self._news.set()

    async def run(self) -> None:
        """Calls `settle` for all queued info-hashes. Runs for ever."""
        if self._waiting:  # the task was restarted after an error
            self._news.set()
        while True:
            await self._news.wait()
            self._news.clear()
            for torrent, event in list(self._waiting.items()):
                try:
                    await self.settle(event)
                except (OuzelError, OSError) as error:
                    problem = error.message if isinstance(error, OuzelError) else str(error)
                    self._log.warning("identity_not_durable", torrent=torrent, problem=problem)
                else:
                    if self._waiting.get(torrent) is event:
                        del self._waiting[torrent]
            if self._waiting:
                await asyncio.sleep(RETRY_S)
                self._news.set()

    def hold(self, hashes: Iterable[str]) -> "HashesHold":
        """Returns a context manager that locks all records with one of these info-hashes.

        Meanwhile no such record can be changed or added.
        """
        return HashesHold(self._catalogue, self._locks, frozenset(hashes))

    def identity_of(self, torrent: str) -> Identity:
        """The known info-hashes of an existing torrent.

        Early versions stored no info-hashes in a record. The hashes of such a record are not proven, even with
        metadata.
        """
        desired = self._catalogue.torrents[torrent]
        has_metadata = (
            desired.source == "metainfo"
            or desired.metainfo_crc32 is not None
            or self._snapshot.of(torrent).metadata is not None
        )
        told = desired.info_hash_v1 is not None or desired.info_hash_v2 is not None
        return identity.of_record(desired, proven=has_metadata and told)

    async def settle(self, event: HashesProven) -> None:
        """Stores the proven info-hashes of a torrent. If several records have one of the hashes, merges these records.

        Raises:
            OuzelError: STORAGE_UNAVAILABLE. Nothing has changed.
        """
        v1, v2 = event.info_hash_v1, event.info_hash_v2
        proven = Identity(v1, v2, proven=True)
        async with self.hold(proven.hashes):
            owners = self._catalogue.index.owners(proven.hashes)
            there = [each for each in owners if each in self._catalogue.torrents]
            verdict = identity.judge(proven, [Known(each, self._claims(each)) for each in there])
            same = verdict.torrents if isinstance(verdict, Same) else ()
            ours = [self._catalogue.torrents[each] for each in same]
            if wrong := [each for each in there if each not in same]:
                await self.correct(wrong, proven.hashes)
                for each in ours:
                    self._engine.ensure(each, afresh=True)
            if len(ours) > 1 and event.other is not None:
                await self._merge(ours, event)
                return
            # Several records are merged only once the engine has reported the other record, and how many bytes each of
            # them has.
            for each in ours:
                after = msgspec.structs.replace(each, info_hash_v1=v1, info_hash_v2=v2)
                if each.torrent == event.torrent and after != each:
                    await self._catalogue.put(after)

    def _claims(self, torrent: str) -> Identity:
        return identity.of_record(self._catalogue.torrents[torrent], proven=False)

    async def correct(self, links: Iterable[str], hashes: frozenset[str]) -> None:
        """Removes the info-hashes of another torrent from the records of magnet links.

        Call `correct` while `hold` is held. Raises the errors of `settle`.
        """
        for torrent in links:
            before = self._catalogue.torrents[torrent]
            after = identity.without(before, hashes)
            await self._catalogue.put(after)
            what = "its link names two info-hashes that do not belong together"
            done = "the one that belongs to another torrent was dropped"
            self._publish(Reconciled(torrent=torrent, what=what, done=done))
            self._engine.ensure(after)

    async def _merge(self, records: list[DesiredTorrent], event: HashesProven) -> None:
        if any(each.move is not None for each in records):
            raise OuzelError(ErrorKind.TORRENT_MOVING, "the files of one of the records are being moved")
        kept, leaving = identity.merge(
            [Candidate(each, self._bytes_done(each.torrent, event)) for each in records],
            v1=event.info_hash_v1,
            v2=event.info_hash_v2,
        )
        metainfo = None
        if kept.metainfo_crc32 is None and kept.source == "magnet":
            metainfo = await in_thread(partial(self._first_metainfo, leaving))
            if metainfo is not None:
                kept = msgspec.structs.replace(kept, metainfo_crc32=crc32_of(metainfo))
        await self._catalogue.merge(kept, leaving, metainfo=metainfo)
        for each in leaving:
            self._publish(TorrentRemoved(torrent=each.torrent, delete_files=False))
            self._snapshot.discard(each.torrent)
            elsewhere = "" if each.save_path == kept.save_path else f"; files below {each.save_path} are left there"
            self._publish(
                Reconciled(
                    torrent=kept.torrent,
                    what=f"{each.torrent} is the same torrent, by its other info-hash",
                    done=f"merged into this one{elsewhere}",
                )
            )
            self._engine.forget(each)
        self._engine.ensure(kept)

    def _first_metainfo(self, records: Iterable[DesiredTorrent]) -> bytes | None:
        return next((found for each in records if (found := self._catalogue.metainfo_of(each)) is not None), None)

    def _bytes_done(self, torrent: str, event: HashesProven) -> int:
        claimed = {event.torrent: event.bytes_done, event.other: event.other_bytes_done}.get(torrent, 0)
        progress = self._snapshot.of(torrent).progress
        return max(claimed, 0 if progress is None else progress.bytes_done)


class HashesHold:
    """A context manager that holds the locks of some info-hashes, and of all records with these hashes."""

    __slots__ = ("_catalogue", "_hashes", "_hold", "_locks")

    def __init__(self, catalogue: Catalogue, locks: KeyedLocks, hashes: frozenset[str]) -> None:
        self._catalogue = catalogue
        self._locks = locks
        self._hashes = hashes
        self._hold: Hold | None = None

    async def __aenter__(self) -> None:
        """Acquires all locks. If the set of records has changed meanwhile, begins again."""
        while True:
            wanted = self._hashes | set(self._catalogue.index.near(self._hashes))
            hold = self._locks.hold(*wanted)
            await hold.__aenter__()
            if set(self._catalogue.index.near(self._hashes)) <= wanted:
                self._hold = hold
                return
            hold.release()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._hold is not None, "it was entered"
        self._hold.release()
