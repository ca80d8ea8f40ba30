"""The place watch: identifies the directories at some paths. Each path has a thread, so a hung disk delays no other
path.
"""

import asyncio
from collections.abc import Iterable
from functools import partial
from typing import Final

from protocol.host.place import place_at
from supervisor.concurrency.threads import in_thread

LOOK_S: Final = 1.0
PATIENCE_S: Final = 2.0
"""The time limit of a check.

If a check takes longer, its path is silent. An engine that opened this path would hang, too.
"""


class PlaceWatch:
    """Checks paths on request. A *place* is the identity of a directory. See `protocol.host.place`.

    Fields:
        seen: by path: the place in the last finished check. None if there was no directory.
        silent: the paths that did not answer in time.
    """

    def __init__(self) -> None:
        self.seen: dict[str, str | None] = {}
        self.silent: set[str] = set()
        self._looks: dict[str, asyncio.Task[str | None]] = {}

    async def check(self, paths: Iterable[str]) -> None:
        """Checks these paths. Returns when all paths have answered, or at the time limit."""
        wanted = set(paths)
        for path in wanted - self._looks.keys():
            self._looks[path] = asyncio.create_task(in_thread(partial(place_at, path)))
        if wanted:
            await asyncio.wait([self._looks[path] for path in wanted], timeout=PATIENCE_S)
        for path in wanted:
            answered = self._looks[path].done()
            if answered and (look := self._looks.pop(path)).exception() is None:
                self.seen[path] = look.result()
                self.silent.discard(path)
            else:  # the path hangs, or no thread can be started now
                self.silent.add(path)

    def close(self) -> None:
        """Closes without waiting for silent paths."""
        for look in self._looks.values():
            look.cancel()
