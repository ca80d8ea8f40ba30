"""One lock for each key that somebody holds or waits for, and none for any other."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class KeyedLocks:
    """Locks by name. Those who wait for one get it in the order in which they came."""

    def __init__(self) -> None:
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    def __len__(self) -> int:
        return len(self._locks)

    @asynccontextmanager
    async def hold(self, *keys: str) -> AsyncIterator[None]:
        """Holds the keys' locks."""
        held: list[str] = []
        entered: list[str] = []
        try:
            for key in sorted(set(keys)):  # in one order, so that no two wait for each other
                lock, users = self._locks.get(key, (asyncio.Lock(), 0))
                self._locks[key] = (lock, users + 1)
                entered.append(key)
                await lock.acquire()
                held.append(key)
            yield
        finally:
            for key in held:
                self._locks[key][0].release()
            for key in entered:
                lock, users = self._locks.pop(key)
                if users > 1:
                    self._locks[key] = (lock, users - 1)
