"""One lock for each key that somebody holds or waits for, and none for any other."""

import asyncio
from collections.abc import Iterable
from types import TracebackType

_Locks = dict[str, tuple[asyncio.Lock, int]]
"""Each lock, and how many hold it or wait for it."""


class KeyedLocks:
    """Locks by name. Those who wait for one get it in the order in which they came."""

    def __init__(self) -> None:
        self._locks: _Locks = {}

    def __len__(self) -> int:
        return len(self._locks)

    def hold(self, *keys: str) -> "Hold":
        """An asynchronous context manager that holds the keys' locks."""
        return Hold(self._locks, keys)


class Hold:
    """Some keys' locks, held between its two ends. A class, since a generator would take as long as an add's rest."""

    __slots__ = ("_entered", "_held", "_keys", "_locks")

    def __init__(self, locks: _Locks, keys: Iterable[str]) -> None:
        self._locks = locks
        self._keys = sorted(set(keys))  # in one order, so that no two wait for each other
        self._entered: list[str] = []
        self._held: list[str] = []

    async def __aenter__(self) -> None:
        """Waits until all are free. Where that is cancelled, none is held."""
        try:
            for key in self._keys:
                lock, users = self._locks.get(key) or (asyncio.Lock(), 0)
                self._locks[key] = (lock, users + 1)
                self._entered.append(key)
                await lock.acquire()
                self._held.append(key)
        except BaseException:
            self.release()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def release(self) -> None:
        """Lets go of all that is held."""
        for key in self._held:
            self._locks[key][0].release()
        for key in self._entered:
            lock, users = self._locks.pop(key)
            if users > 1:
                self._locks[key] = (lock, users - 1)
