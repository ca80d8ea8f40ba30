"""The file of the gateway's own state. SQLite keeps it whole through a crash."""

import asyncio
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, Final

import msgspec
import structlog

log = structlog.get_logger()

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS torrent (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS value (name TEXT PRIMARY KEY, json BLOB NOT NULL);
"""


class Store:
    """The open file. Writes are durable when they return. Reads are from memory.

    Args:
        file: the path of the file, which is made if it does not exist.

    Raises:
        sqlite3.Error: the file cannot be opened, or is no database.
    """

    def __init__(self, file: Path) -> None:
        self._lock = Lock()
        self._database = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        try:
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=FULL")
            self._database.executescript(SCHEMA)
            self._numbers: dict[str, int] = dict(self._database.execute("SELECT id, number FROM torrent"))
            self._values: dict[str, bytes] = dict(self._database.execute("SELECT name, json FROM value"))
        except BaseException:
            self._database.close()
            raise
        self._ids = {number: torrent for torrent, number in self._numbers.items()}
        self._next = max(self._ids, default=0) + 1
        self._unsaved: dict[str, int] = {}

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._database.close()

    async def number(self, torrents: Iterable[str]) -> None:
        """Gives a number to each torrent that has none.

        A full disk must not hide torrents. If the file cannot be written, the numbers are in memory only, and the next
        call writes them.
        """
        for each in torrents:
            if each not in self._numbers:
                self._numbers[each] = self._unsaved[each] = self._next
                self._ids[self._next] = each
                self._next += 1
        if self._unsaved:
            try:
                await asyncio.to_thread(self._save_numbers, dict(self._unsaved))
            except sqlite3.Error as error:
                log.warning("numbers_not_stored", problem=str(error))

    def number_of(self, torrent: str) -> int:
        """The number of a torrent. Raises KeyError if it has none."""
        return self._numbers[torrent]

    def torrent_of(self, number: int) -> str | None:
        """The id of the torrent with a number, also if the torrent was removed."""
        return self._ids.get(number)

    def get(self, name: str, default: Any = None) -> Any:
        """A value, as JSON decodes it."""
        found = self._values.get(name)
        return default if found is None else msgspec.json.decode(found)

    def reread(self, name: str, default: Any = None) -> Any:
        """A value, as the file has it now: another process may have changed it."""
        with self._lock:
            row = self._database.execute("SELECT json FROM value WHERE name = ?", (name,)).fetchone()
            if row is not None:
                self._values[name] = row[0]
            else:
                self._values.pop(name, None)
        return self.get(name, default)

    async def put(self, name: str, value: Any) -> None:
        """Stores a value that JSON can hold."""
        await self.put_many({name: value})

    async def put_many(self, values: Mapping[str, Any]) -> None:
        """Stores several values at once. None deletes a value."""
        encoded = {name: None if value is None else msgspec.json.encode(value) for name, value in values.items()}
        await asyncio.to_thread(self._put, encoded)

    def _save_numbers(self, numbers: Mapping[str, int]) -> None:
        with self._transaction():
            self._database.executemany("INSERT OR IGNORE INTO torrent (id, number) VALUES (?, ?)", numbers.items())
        for each in numbers:
            self._unsaved.pop(each, None)

    def _put(self, values: Mapping[str, bytes | None]) -> None:
        kept = [(name, encoded) for name, encoded in values.items() if encoded is not None]
        deleted = [name for name, encoded in values.items() if encoded is None]
        with self._transaction():
            self._database.executemany("INSERT OR REPLACE INTO value (name, json) VALUES (?, ?)", kept)
            self._database.executemany("DELETE FROM value WHERE name = ?", [(name,) for name in deleted])
        self._values.update(kept)
        for name in deleted:
            self._values.pop(name, None)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """A transaction that is durable at its end. If anything fails, nothing has changed."""
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:  # a full disk has ended it already
                    self._database.execute("ROLLBACK")
                raise
