"""The warden: watches the resume directory. Refuses changes while the directory cannot be written, and repairs the
directory later.

The warden never blocks the loop. It never makes the directory, because the disk of a missing directory may not be
mounted. After a disk error, the warden reports the error, and the next check tries again.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from protocol.durable import durable
from protocol.durable.directory_lock import AlreadyLocked, DirectoryLock
from protocol.durable.durable import Change
from protocol.durable.format_version import check_format
from protocol.durable.resume_dir import ResumeDir
from protocol.wire.desired import DesiredTorrent
from protocol.wire.session.desired_session import DesiredSession
from supervisor.concurrency.threads import in_thread
from supervisor.log import logs
from supervisor.pacing.backoff import exponential
from supervisor.store.catalogue import Catalogue
from supervisor.store.commits import FailedWrite
from supervisor.store.damage import DamagedFile
from supervisor.store.damaged_files import list_names, unreplaced
from supervisor.store.differences import Mended, check_metainfo, differences
from supervisor.store.remedies import remedy
from supervisor.store.resume_dir_watch import Home, Seen, Verdict, judge, slowness
from supervisor.store.stored_format import write_format
from supervisor.store.stored_records import Found, Unreadable, cannot_be_listed, read_all, read_session, read_torrent

T = TypeVar("T")

LOOK_S: Final = 1.0
CHECKED_AT_ONCE: Final = 50
"""The number of .torrent files that are read in a row. Then the warden waits for `CHECK_S`, because others need the
disk, too.
"""
CHECK_S: Final = 0.5
CHECK_AGAIN_S: Final = 5.0
"""The delay before unreadable .torrent files are read again."""
PROBE_BYTES: Final = 16 * 1024
_PROBE: Final = FailedWrite(1, PROBE_BYTES, "")
PROBE_MAX_S: Final = 4.0
"""The maximum interval between probes. Each probe has the size of the failed write. The first intervals are shorter."""
_BACKOFF: Final = exponential(LOOK_S, PROBE_MAX_S)
READ_AGAIN: Final = 1000
"""The maximum number of unreadable records that are read again in one check."""


class Callbacks(NamedTuple):
    """Callbacks for the warden's findings.

    Fields:
        trouble: called with the problem. Called with None when the directory is usable again.
        writes: called with the problem if writes fail although the directory is usable. Called with None when writes
            succeed again.
        locked: called with the new lock when another directory has replaced the first directory.
        inherited: called if a directory is back and the engine still holds its inherited lock on this directory.
        back: called with the repairs when the directory is usable again.
        damaged: called with each file that was put aside.
        unreadable: called with a file's name and the cause. The cause is None once the file was read.
        loaded: called when the directory was finally listed and read. The argument is the files that were put aside.
        found: called when a torrent's record was finally read. The arguments are the torrent and its desired state. The
            state is None if there is no valid record. Before that, `found` is called for each torrent that was merged
            into the record.
        session_found: called when the session's record was finally read.
        lying: called with the names of all files in `damaged/`, and with the files that no other file has replaced.
    """

    trouble: Callable[[str | None], None]
    writes: Callable[[str | None], None]
    locked: Callable[[DirectoryLock], None]
    inherited: Callable[[], None]
    back: Callable[[list[Mended]], None]
    damaged: Callable[[DamagedFile], None]
    unreadable: Callable[[str, str | None], None]
    loaded: Callable[[list[DamagedFile]], None]
    found: Callable[[str, DesiredTorrent | None], None]
    session_found: Callable[[], None]
    lying: Callable[[Collection[str], list[DamagedFile]], None]


REMEDY: Final = "mount the directory or put it back, or fix its disk or permissions; it recovers by itself"


class ResumeDirWarden:
    """Watches one resume directory.

    Args:
        lock: the held lock on the directory.
    """

    def __init__(
        self,
        resume_dir: ResumeDir,
        lock: DirectoryLock,
        catalogue: Catalogue,
        tell: Callbacks,
        log: logs.Logger,
    ) -> None:
        self._dir = resume_dir
        self._lock = lock
        self._catalogue = catalogue
        self._tell = tell
        self._log = log
        self._busy_since: float | None = None
        self._doubt = asyncio.Event()
        self._problem: str | None = catalogue.unlisted
        self._home = _home(resume_dir.root)
        self._probe_at = 0.0
        self._probes = 0
        self._lying: frozenset[str] | None = None
        self._inherited = False
        resume_dir.bind(lock.identity)
        catalogue.writes.on_write_failed = self._write_failed

    @property
    def trouble(self) -> bool:
        """Whether the directory is unusable now."""
        return self._problem is not None

    def slowness(self, now: float) -> str | None:
        """If a write or a check takes too long, the problem. Otherwise None. `now` is in monotonic seconds."""
        waiting = [since for since in (self._catalogue.waiting_since(), self._busy_since) if since is not None]
        return slowness(min(waiting, default=None), now)

    async def run(self) -> None:
        """Checks the directory every second, and at once after a failed write.

        Checks all .torrent files once. Never returns.
        """
        if self._problem is not None:
            self._close(self._problem)
        for each in (*self._catalogue.unreadable.values(), self._catalogue.session_unreadable):
            if each is not None:
                self._tell.unreadable(each.name, each.problem)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._check_metainfo())
            group.create_task(self._watch())

    async def _check_metainfo(self) -> None:
        torrents = self._catalogue.torrents
        waiting, unreadable = list(torrents), set[str]()
        while True:
            chosen, waiting = waiting[:CHECKED_AT_ONCE], waiting[CHECKED_AT_ONCE:]
            with contextlib.suppress(OSError):  # no thread could be started
                found = await in_thread(partial(check_metainfo, self._dir, torrents, chosen))
                for file in found.damaged:
                    self._tell.damaged(file)
                for torrent in chosen:
                    if torrent in found.unreadable or torrent in unreadable:
                        self._tell.unreadable(self._dir.metainfo(torrent).name, found.unreadable.get(torrent))
                unreadable = (unreadable - set(chosen)) | found.unreadable.keys()
            if not waiting and not unreadable:
                return
            await asyncio.sleep(CHECK_S if waiting else CHECK_AGAIN_S)
            waiting = waiting or list(unreadable)

    async def _watch(self) -> None:
        while True:
            try:
                await self._look()
            except OSError as error:
                self._close(f"it could not be checked, or repaired: {error}")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._doubt.wait()

    async def _look(self) -> None:
        closed, lock = self._problem is not None, self._lock
        doubt = self._doubt.is_set() or closed
        self._doubt.clear()
        problem = await self._beside(partial(self._examine, doubt, closed))
        if self._lock is not lock:
            self._tell.locked(self._lock)
        if self._inherited:
            self._tell.inherited()
        if problem is not None:
            self._close(problem)
            return
        if self._catalogue.unlisted is not None:
            try:
                stored = await self._beside(partial(read_all, self._dir))
            except OSError as error:
                self._close(cannot_be_listed(error))
                return
            self._tell.loaded(self._catalogue.apply_stored(stored))
        if self._problem is not None:
            await self._mend()
        await self._look_at_writes()
        with contextlib.suppress(OSError):  # after an error nothing has changed, and the next check tries again
            await self._read_again()
            await self._look_aside()

    def _write_failed(self) -> None:
        self._probe_at, self._probes = 0.0, 0
        self._doubt.set()

    async def _beside(self, call: Callable[[], T]) -> T:
        """Runs a call in a thread, because the disk may block the call. Tracks the duration of the call."""
        self._busy_since = time.monotonic()
        try:
            return await in_thread(call)
        finally:
            self._busy_since = None

    def _close(self, problem: str) -> None:
        if problem != self._problem:
            self._log.error("resume_dir_unavailable", problem=problem, remedy=REMEDY)
        self._problem = problem
        self._catalogue.suspend(problem)
        self._tell.trouble(problem)

    # -- in the thread --------------------------------------------------------------------------------------------

    def _examine(self, doubt: bool, closed: bool) -> str | None:
        """Checks the directory. Returns its problem, or None. Writes a probe only if the check is inconclusive.

        Another directory is adopted only while the catalogue is closed, because all records must be written into that
        directory first.
        """
        self._inherited = False
        try:
            verdict = judge(self._home, self._lock.identity, _look(self._dir))
            if verdict is Verdict.UNMOUNTED:
                return f"{self._dir.root} {verdict.value}"
            if verdict is not Verdict.REPLACED:
                with contextlib.suppress(OSError):  # if the engine cannot write, it reports that itself
                    self._dir.make_engine_dir()
            if verdict is Verdict.FINE and not doubt:
                return None
            if verdict is Verdict.REPLACED:
                return self._take_over() if closed else f"{self._dir.root} {verdict.value}"
            self._probe()
        except OSError as error:
            return str(error)
        return None

    def _take_over(self) -> str | None:
        """Locks the directory that has replaced the first directory.

        If the new directory has unknown torrents, returns a problem. Otherwise returns None.
        """
        check_format(self._dir.root)
        strangers = [torrent for torrent in self._dir.torrents() if not self._catalogue.has_known(torrent)]
        if strangers:
            return (
                f"{self._dir.root} is another directory than before, with {len(strangers)} torrents that are not known "
                "here; restart ouzeld to load them"
            )
        try:
            lock = DirectoryLock(self._dir.root)
        except AlreadyLocked as error:
            self._inherited = error.inherited
            return f"{self._dir.root} is still locked by the running engine" if error.inherited else str(error)
        try:
            self._home = _home(self._dir.root)
        except OSError:
            lock.close()
            raise
        self._lock = lock
        self._dir.bind(lock.identity)
        self._dir.make_engine_dir()
        self._probe()
        return None

    def _probe(self, failed: FailedWrite = _PROBE) -> None:
        """Writes as many files and bytes as a failed write had, and deletes them again. Raises OSError."""
        paths = self._dir.probes(max(1, failed.files))
        rest = bytes(max(0, failed.size - len(paths) + 1))
        changes = [Change(path, rest if path == self._dir.probe else b"0") for path in paths]
        try:
            [failure] = durable.commit([changes])
        finally:
            for path in paths:
                path.unlink(missing_ok=True)
        if failure is not None:
            raise failure

    # -- failed writes --------------------------------------------------------------------------------------------

    async def _look_at_writes(self) -> None:
        """Writes torrents in doubt again. Probes whether a failed write would succeed now."""
        if self._catalogue.writes.doubts:
            problem = await self._catalogue.writes.mend()
            if problem is not None:
                self._tell.writes(
                    f"for {len(self._catalogue.writes.doubts)} torrents or settings the disk may hold a failed change, "
                    f"which a crash may bring into force; it cannot be rolled back yet ({problem}): {remedy(problem)}"
                )
                return
        failed, now = self._catalogue.writes.failed, time.monotonic()
        if failed is not None and now >= self._probe_at:
            self._probes += 1
            self._probe_at = now + _BACKOFF.delay_s(self._probes)
            try:
                await self._beside(partial(self._probe, failed))
            except OSError as error:
                self._catalogue.writes.failed = failed._replace(problem=str(error))
            else:
                if self._catalogue.writes.failed is failed:
                    self._catalogue.writes.failed = None
        failed = self._catalogue.writes.failed
        self._tell.writes(
            None
            if failed is None
            else f"a change of {failed.size} bytes in {failed.files} files could not be written ({failed.problem}); "
            f"changes of this size are refused until one can be written: {remedy(failed.problem)}"
        )

    # -- unreadable files -----------------------------------------------------------------------------------------

    async def _read_again(self) -> None:
        """Reads unreadable files again, and loads the files that can be read now."""
        catalogue = self._catalogue
        chosen = list(catalogue.unreadable)[:READ_AGAIN]
        if chosen:
            found = await self._beside(lambda: [(each, read_torrent(self._dir, each)) for each in chosen])
            await self._beside(self._dir.check)  # a file is missing only if this is still the right directory
            for torrent, outcome in found:
                self._take_record(torrent, outcome)
        if catalogue.session_unreadable is not None:
            session = await self._beside(partial(read_session, self._dir))
            await self._beside(self._dir.check)
            if isinstance(session, Unreadable):
                self._tell.unreadable(session.name, session.problem)
                return
            self._tell.unreadable(self._dir.session.name, None)
            if isinstance(session, DamagedFile):
                self._tell.damaged(session)
            catalogue.mark_session_readable(session if isinstance(session, DesiredSession) else DesiredSession())
            self._tell.session_found()

    def _take_record(self, torrent: str, found: Found) -> None:
        known = self._catalogue.unreadable.pop(torrent)
        self._catalogue.unreadable[torrent] = known  # moved to the end, so that the others are read first next time
        if isinstance(found, Unreadable):
            self._tell.unreadable(found.name, found.problem)
            return
        self._tell.unreadable(known.name, None)
        desired = found if isinstance(found, DesiredTorrent) else None
        merged = self._catalogue.mark_readable(torrent, desired)
        if isinstance(found, DamagedFile):
            self._tell.damaged(found)
        for each in merged:
            self._tell.found(each.torrent, each)
        self._tell.found(torrent, desired)

    async def _look_aside(self) -> None:
        """If the files in `damaged/` have changed, reports these files."""
        names = await self._beside(partial(list_names, self._dir))
        if names != self._lying:
            files = await self._beside(partial(unreplaced, self._dir, names, self._catalogue.has))
            self._lying = names
            self._tell.lying(names, files)

    # -- repair ---------------------------------------------------------------------------------------------------

    async def _mend(self) -> None:
        """Makes the directory agree with the state in memory, and opens the catalogue again.

        The catalogue is closed, and earlier writes have ended. So the state in memory does not change meanwhile.
        """
        await self._catalogue.settled()
        records, removed = self._catalogue.records(), frozenset(self._catalogue.removed)
        await self._beside(partial(write_format, self._dir))
        changes, mended = await self._beside(lambda: differences(self._dir, records, removed))
        owners = {record.path: record.torrent for record in records}
        problem = await self._catalogue.writes.rewrite([(owners[change.path], change) for change in changes])
        if problem is not None:
            self._close(problem)
            return
        self._log.info("resume_dir_available", mended=len(mended))
        self._problem = None
        self._catalogue.open()
        self._tell.trouble(None)
        self._tell.back(mended)


def _home(root: Path) -> Home:
    return Home(root.stat().st_dev, root.is_mount())


def _look(directory: ResumeDir) -> Seen:
    """Reads the state of the directory. Raises OSError."""
    home, space = _home(directory.root), os.statvfs(directory.root)
    try:
        lock = directory.identity()
    except FileNotFoundError:
        lock = None
    # The user root may have more free space than f_bavail says; then the probe decides.
    return Seen(home, lock, bool(space.f_flag & os.ST_RDONLY), space.f_bavail * space.f_frsize)
