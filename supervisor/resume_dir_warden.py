"""The warden of the resume directory: looks at it, closes the catalogue while it cannot be written, and mends it after.

Nothing here waits on the loop, and the directory is never made: one that is missing may be a disk that is not mounted.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from protocol import durable
from protocol.resume_dir import ResumeDir
from supervisor import logs
from supervisor.catalogue import Catalogue
from supervisor.damage import DamagedFile
from supervisor.differences import Mended, damaged_metainfo, differences
from supervisor.directory_lock import AlreadyLocked, DirectoryLock
from supervisor.resume_dir_watch import Home, Seen, Verdict, judge, slowness
from supervisor.threads import in_thread

T = TypeVar("T")

LOOK_S: Final = 1.0
CHECKED_AT_ONCE: Final = 50
"""So many .torrent files are read in one go, and then others have the disk for `CHECK_S` seconds."""
CHECK_S: Final = 0.5
PROBE_BYTES: Final = 16 * 1024


class ResumeDirWarden:
    """Watches one resume directory.

    Args:
        lock: the held lock on it.
        on_trouble: called with what is wrong, or None when the directory can be relied on again.
        on_locked: called with another lock, when another directory has taken the place of the first.
        on_back: called with what was mended, when the directory can be relied on again.
        on_damaged: called with each file that was found damaged when the service began.
    """

    def __init__(
        self,
        resume_dir: ResumeDir,
        lock: DirectoryLock,
        catalogue: Catalogue,
        *,
        on_trouble: Callable[[str | None], None],
        on_locked: Callable[[DirectoryLock], None],
        on_back: Callable[[list[Mended]], None],
        on_damaged: Callable[[DamagedFile], None],
        log: logs.Logger,
    ) -> None:
        self._dir = resume_dir
        self._lock = lock
        self._catalogue = catalogue
        self._on_trouble = on_trouble
        self._on_locked = on_locked
        self._on_back = on_back
        self._on_damaged = on_damaged
        self._log = log
        self._busy_since: float | None = None
        self._doubt = asyncio.Event()
        self._problem: str | None = None
        self._home = _home(resume_dir.root)
        resume_dir.bind(lock.identity)
        catalogue.on_write_failed = self._doubt.set

    @property
    def trouble(self) -> bool:
        """Whether the directory cannot be relied on now."""
        return self._problem is not None

    def slowness(self, now: float) -> str | None:
        """The problem, where a write or a look waits for too long. `now` is in monotonic seconds."""
        waiting = [since for since in (self._catalogue.waiting_since(), self._busy_since) if since is not None]
        return slowness(min(waiting, default=None), now)

    async def run(self) -> None:
        """Looks every second, and at once where a write has failed; for ever. Once, it looks at all .torrent files."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._check_metainfo())
            group.create_task(self._watch())

    async def _check_metainfo(self) -> None:
        torrents = self._catalogue.torrents
        waiting = list(torrents)
        while waiting:
            chosen, waiting = waiting[:CHECKED_AT_ONCE], waiting[CHECKED_AT_ONCE:]
            for file in await in_thread(partial(damaged_metainfo, self._dir, torrents, chosen)):
                self._on_damaged(file)
            await asyncio.sleep(CHECK_S)

    async def _watch(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._doubt.wait()
            closed, lock = self._problem is not None, self._lock
            doubt = self._doubt.is_set() or closed
            self._doubt.clear()
            problem = await self._beside(partial(self._examine, doubt, closed))
            if self._lock is not lock:
                self._on_locked(self._lock)
            if problem is not None:
                self._close(problem)
            elif self._problem is not None:
                await self._mend()

    async def _beside(self, call: Callable[[], T]) -> T:
        """What a call returns that the disk may hold up."""
        self._busy_since = time.monotonic()
        try:
            return await in_thread(call)
        finally:
            self._busy_since = None

    def _close(self, problem: str) -> None:
        if problem != self._problem:
            self._log.error("resume_dir_unavailable", problem=problem)
        self._problem = problem
        self._catalogue.close_for(problem)
        self._on_trouble(problem)

    # -- in the thread --------------------------------------------------------------------------------------------

    def _examine(self, doubt: bool, closed: bool) -> str | None:
        """What is wrong with the directory, None where nothing is. Writes to it only in doubt.

        Another directory is taken over only while the catalogue is closed, since it has to be filled before it is used.
        """
        try:
            verdict = judge(self._home, self._lock.identity, _look(self._dir))
            if verdict is Verdict.STRANGE:
                return f"{self._dir.root} {verdict.value}"
            if verdict is not Verdict.REPLACED:
                with contextlib.suppress(OSError):  # the engine tells of what it cannot write
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
        """Locks the directory that has taken the place of the other. It must not have what nobody here knows."""
        strangers = [torrent for torrent in self._dir.torrents() if not self._catalogue.has_known(torrent)]
        if strangers:
            return (
                f"{self._dir.root} is another directory than before, with {len(strangers)} torrents that are not known "
                "here; restart ouzeld to load them"
            )
        try:
            lock = DirectoryLock(self._dir.root)
        except AlreadyLocked as error:
            return str(error)
        self._home, self._lock = _home(self._dir.root), lock
        self._dir.bind(lock.identity)
        self._dir.make_engine_dir()
        self._probe()
        return None

    def _probe(self) -> None:
        """A real write. Raises OSError."""
        durable.write(self._dir.probe, bytes(PROBE_BYTES))
        self._dir.probe.unlink()

    # -- afterwards -----------------------------------------------------------------------------------------------

    async def _mend(self) -> None:
        """Gives the directory what it lacks of what is in memory, and opens the catalogue again.

        The catalogue is closed, and what had been given to the disk before has ended, so that memory is the latest.
        """
        await self._catalogue.settled()
        records, removed = self._catalogue.records(), frozenset(self._catalogue.removed)
        changes, mended = await self._beside(lambda: differences(self._dir, records, removed))
        problem = await self._catalogue.rewrite(changes)
        if problem is not None:
            self._close(problem)
            return
        self._log.info("resume_dir_available", mended=len(mended))
        self._problem = None
        self._catalogue.open()
        self._on_trouble(None)
        self._on_back(mended)


def _home(root: Path) -> Home:
    return Home(root.stat().st_dev, root.is_mount())


def _look(directory: ResumeDir) -> Seen:
    """What there is. Raises OSError."""
    home, space = _home(directory.root), os.statvfs(directory.root)
    try:
        lock = directory.identity()
    except FileNotFoundError:
        lock = None
    # To root more may be free than this says; then it is the probe that tells.
    return Seen(home, lock, bool(space.f_flag & os.ST_RDONLY), space.f_bavail * space.f_frsize)
