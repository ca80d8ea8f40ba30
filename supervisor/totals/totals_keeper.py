"""The totals keeper: loads the totals at the start, and saves changed totals.

The first change of a shard is saved within seconds. Later changes are saved every `SAVE_S`. So a kill loses at most a
minute of changes, and an uploading torrent causes one small write a minute. Unchanged shards are never written.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Final

from protocol.durable.durable import Change
from protocol.durable.resume_dir import ResumeDir
from protocol.wire.desired import DesiredTorrent
from supervisor.concurrency.background import Tasks
from supervisor.concurrency.threads import in_thread
from supervisor.log import logs
from supervisor.store.catalogue import Catalogue
from supervisor.store.damage import DamagedFile
from supervisor.totals import totals_store
from supervisor.totals.totals import SESSION, Totals
from supervisor.totals.totals_store import Stamp, Stored

SOON_S: Final = 5.0
SAVE_S: Final = 55.0
"""The interval between two saves of one shard. Interval and write together take less than a minute."""
STAMP_S: Final = 10.0
CLOSE_S: Final = 10.0
AT_ONCE: Final = 4000
"""The maximum number of torrent records that are made at once. Making records blocks the loop."""


class TotalsKeeper:
    """Loads and saves the totals in one resume directory.

    Args:
        totals: the counters.
        catalogue: the torrents.
        runtime_dir: the runtime directory. If this directory is on a file system in memory, the uptime is stored there,
            too.
        identity: returns the identity of the resume directory. The directory's lock file has this identity.
        damaged: called with each file that was put aside.
    """

    def __init__(
        self,
        totals: Totals,
        *,
        catalogue: Catalogue,
        resume_dir: ResumeDir,
        runtime_dir: Path,
        identity: Callable[[], str],
        damaged: Callable[[DamagedFile], None],
        group: Tasks,
        log: logs.Logger,
    ) -> None:
        self._totals = totals
        self._catalogue = catalogue
        self._dir = resume_dir
        self._runtime_dir = runtime_dir
        self._identity = identity
        self._damaged = damaged
        self._group = group
        self._log = log
        self._loading = False
        self._due: dict[str, float] = {}
        self._saved: dict[str, float] = {}
        self._idle = asyncio.Event()
        self._idle.set()
        self._stamps = totals_store.in_memory(runtime_dir)
        self._stamp_at = 0.0
        self._stamped = 0
        self._problem: str | None = None

    async def load(self) -> None:
        """Reads the stored totals.

        Call `load` before clients are served, or later if the directory cannot be listed yet.
        """
        if self._totals.loaded or self._loading or self._catalogue.unlisted is not None:
            return
        self._loading = True
        try:
            stored = await in_thread(partial(totals_store.read_all, self._dir))
            stamped_s = await in_thread(partial(totals_store.read_stamp, self._runtime_dir, self._identity()))
        except OSError:  # no thread can be started now: the next tick tries again
            return
        finally:
            self._loading = False
        self._totals.loaded, self._totals.unread = True, stored.unread
        self._take(stored, stamped_s)

    def _take(self, stored: Stored, stamped_s: int = 0) -> None:
        totals = self._totals
        latest = max((shard.uptime_s for shard in stored.shards.values()), default=0)
        if stored.session is not None:
            totals.merge_stored_session(stored.session, max(latest, stamped_s))
        else:
            totals.at_least(max(latest, stamped_s))
        for shard in stored.shards.values():
            for torrent, record in shard.torrents.items():
                if _added_us(self._catalogue, torrent) in (record.added_us, _UNREADABLE):
                    totals.merge_stored(torrent, record, shard.uptime_s)
        for file in stored.damaged:
            self._damaged(file)

    async def saved(self) -> None:
        """Waits for a write in progress."""
        await self._idle.wait()

    def save_all(self) -> None:
        """Marks all shards for saving, because another directory may have replaced the first directory."""
        self._totals.changed.update(self._totals.shards())

    def tick(self, now: float, *, up: bool) -> None:
        """Counts the uptime, and starts saves that are due. Call `tick` every second.

        Args:
            up: whether an engine is up.
        """
        totals = self._totals
        totals.tick(now, up=up)
        if not totals.loaded:
            self._group.create_task(self.load())
            return
        if totals.changed:
            for shard in totals.changed:
                if shard not in self._due:
                    self._due[shard] = max(now + SOON_S, self._saved.get(shard, now - SAVE_S) + SAVE_S)
            totals.changed.clear()
        if self._stamps and now >= self._stamp_at and totals.uptime_s != self._stamped:
            self._stamp_at = now + STAMP_S
            self._stamp()
        if self._idle.is_set() and any(due <= now for due in self._due.values()):
            self._idle.clear()
            self._group.create_task(self._save(now))

    async def _save(self, now: float) -> None:
        chosen: list[str] = []
        size = 0
        for shard in [shard for shard, due in self._due.items() if due <= now]:
            size += self._totals.size(shard)
            if chosen and size > AT_ONCE:
                break  # the remaining shards are saved in later ticks
            chosen.append(shard)
        for shard in chosen:
            self._due.pop(shard)
            self._saved[shard] = now
        problem = None
        try:
            if again := [shard for shard in chosen if shard in self._totals.unread]:
                self._read_again(await in_thread(partial(totals_store.read_all, self._dir, again)), again)
            changes = self._changes(shard for shard in chosen if shard not in self._totals.unread)
            await in_thread(partial(totals_store.write, self._dir, changes))
        except OSError as error:
            problem = str(error)
        finally:
            self._idle.set()
        if problem is not None or not self._totals.unread.isdisjoint(chosen):
            self._totals.changed.update(chosen)
        if problem != self._problem:
            self._problem = problem
            if problem is not None:
                self._log.warning("totals_not_saved", problem=problem)

    def _read_again(self, stored: Stored, asked: list[str]) -> None:
        self._take(stored)
        self._totals.unread.difference_update(set(asked) - stored.unread)

    def _changes(self, shards: Iterable[str]) -> list[Change]:
        return [self._change(shard) for shard in shards]

    def _change(self, shard: str) -> Change:
        if shard == SESSION:
            return totals_store.change(self._dir, shard, self._totals.session_record())
        record = self._totals.shard_record(shard, partial(_added_us, self._catalogue))
        return totals_store.change(self._dir, shard, record)

    def _stamp(self) -> None:
        self._stamped = self._totals.uptime_s
        try:
            totals_store.write_stamp(self._runtime_dir, Stamp(resume_dir=self._identity(), uptime_s=self._stamped))
        except OSError as error:
            self._stamps = False
            self._log.warning("uptime_not_noted", problem=str(error))

    async def close(self) -> None:
        """Saves changes at the end of the service. Waits for the disk up to CLOSE_S."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self.saved()
                await in_thread(self._save_last)

    def _save_last(self) -> None:
        if not self._totals.loaded:
            return
        wanted = self._totals.changed | self._due.keys()
        if self._totals.uptime_s:
            wanted.add(SESSION)
        try:
            changes = self._changes(sorted(wanted - self._totals.unread))
            if changes:
                totals_store.write(self._dir, changes)
            if self._stamps:
                totals_store.delete_stamp(self._runtime_dir)
        except OSError as error:
            self._log.warning("totals_not_saved", problem=str(error))


_UNREADABLE: Final = -1
"""Stands for the time of the add if a torrent's record cannot be read now."""


def _added_us(catalogue: Catalogue, torrent: str) -> int | None:
    desired: DesiredTorrent | None = catalogue.torrents.get(torrent)
    if desired is not None:
        return desired.added_us
    return _UNREADABLE if torrent in catalogue.unreadable else None
