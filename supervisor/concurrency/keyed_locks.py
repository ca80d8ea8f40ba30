"""Locks by key. A lock exists only while it is held or waited for."""

import asyncio
from collections.abc import Iterable
from types import TracebackType

_Locks = dict[str, tuple[asyncio.Lock, int]]
"""By key: the lock, and the number of tasks that hold the lock or wait for it."""


class KeyedLocks:
    """Locks by key. Waiters get a lock in the order of their arrival."""

    def __init__(self) -> None:
        self._locks: _Locks = {}

    def __len__(self) -> int:
        return len(self._locks)

    def hold(self, *keys: str) -> "Hold":
        """Returns an asynchronous context manager that holds the locks of the keys."""
        return Hold(self._locks, keys)


class Hold:
    """A context manager that holds the locks of some keys.

    It is a class, because a generator-based context manager would double the time of an add.
    """

    __slots__ = ("_entered", "_held", "_keys", "_locks")

    def __init__(self, locks: _Locks, keys: Iterable[str]) -> None:
        self._locks = locks
        self._keys = sorted(set(keys))  # locking in sorted order excludes deadlocks
        self._entered: list[str] = []
        self._held: list[str] = []

    async def __aenter__(self) -> None:
        """Acquires all locks. If the call is cancelled, it holds no lock."""
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
        """Releases all held locks."""
        for key in self._held:
            self._locks[key][0].release()
        for key in self._entered:
            lock, users = self._locks.pop(key)
            if users > 1:
                self._locks[key] = (lock, users - 1)
