"""The root watch: checks whether torrents can be stored in the download roots. Each root has its own thread.

The check uses access(2), which writes nothing. Frequent checks keep the directories in the kernel's caches, so the
check reads no disk. Therefore it wakes no disk up.
"""

import asyncio
import errno
import os
import pwd
import stat
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from supervisor.concurrency.threads import in_thread
from supervisor.payload import root_health
from supervisor.payload.root_health import RootSeen
from supervisor.payload.root_space import RootSpaces

LOOK_S: Final = 5.0
PATIENCE_S: Final = 5.0


class RootWatch:
    """Checks the roots every few seconds.

    Args:
        roots: returns the current download roots.
        report: called with a root and its problem. The problem is None if there is none.
        spaces: receives the free space of each root.
    """

    def __init__(
        self,
        roots: Callable[[], Iterable[str]],
        report: Callable[[str, str | None], None],
        spaces: RootSpaces | None = None,
    ) -> None:
        self._roots = roots
        self._report = report
        self._spaces = spaces or RootSpaces()
        self._looks: dict[str, asyncio.Task[RootSeen]] = {}
        self._told: set[str] = set()

    async def run(self) -> None:
        """Checks every LOOK_S. Runs for ever."""
        try:
            while True:
                await self.check()
                await asyncio.sleep(LOOK_S)
        finally:
            for look in self._looks.values():
                look.cancel()

    async def check(self) -> None:
        """Checks all roots once. Returns when all disks have answered, but after PATIENCE_S at the latest."""
        roots = list(dict.fromkeys(self._roots()))  # two paths may be one root, such as `dl` and `dl/`
        for root in roots:
            if root not in self._looks:
                self._looks[root] = asyncio.create_task(in_thread(partial(_look_at, root)))
        await asyncio.wait([self._looks[root] for root in roots], timeout=PATIENCE_S)
        for gone in self._told - set(roots):
            self._report(gone, None)
            self._spaces.forget(gone)
        self._told = set(roots)
        for root in roots:
            look = self._looks[root]
            seen: RootSeen | None = None
            if look.done():
                del self._looks[root]
                if look.cancelled() or look.exception() is not None:
                    continue  # no thread could be started now
                seen = look.result()
            self._report(root, root_health.problem(root, seen))
            self._spaces.note(root, seen, time.monotonic())


def _look_at(root: str) -> RootSeen:
    try:
        found = os.stat(root)  # noqa: PTH116  # the number of the error is what matters
    except OSError as error:
        return RootSeen(error.errno or 0, user=user_name(os.geteuid()))
    try:
        writable = os.access(root, os.W_OK | os.X_OK, effective_ids=True)
        space = os.statvfs(root)
    except OSError as error:
        return RootSeen(error.errno or 0, found.st_mode, user_name(found.st_uid), user_name(os.geteuid()))
    problem = 0
    if not stat.S_ISDIR(found.st_mode):
        problem = errno.ENOTDIR
    elif space.f_flag & os.ST_RDONLY:
        problem = errno.EROFS
    elif not writable:
        problem = errno.EACCES
    free_bytes, size_bytes = space.f_bavail * space.f_frsize, space.f_blocks * space.f_frsize
    return RootSeen(problem, found.st_mode, user_name(found.st_uid), user_name(os.geteuid()), free_bytes, size_bytes)


def user_name(uid: int) -> str:
    """The name of a user. If the user has no name, the uid."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
