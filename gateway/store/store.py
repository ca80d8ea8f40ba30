"""The file of the gateway's own state. SQLite keeps it whole through a crash."""

import asyncio
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from threading import Lock
from typing import Any, Final

import msgspec

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

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._database.close()

    async def number(self, torrents: Iterable[str]) -> None:
        """Gives a number to each torrent that has none."""
        new = [each for each in torrents if each not in self._numbers]
        if new:
            await asyncio.to_thread(self._number, new)

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

    def _number(self, torrents: list[str]) -> None:
        numbers: dict[str, int] = {}
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                for each in torrents:
                    self._database.execute("INSERT OR IGNORE INTO torrent (id) VALUES (?)", (each,))
                    row = self._database.execute("SELECT number FROM torrent WHERE id = ?", (each,)).fetchone()
                    numbers[each] = row[0]
                self._database.execute("COMMIT")
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._numbers.update(numbers)
            self._ids.update((number, torrent) for torrent, number in numbers.items())

    def _put(self, values: Mapping[str, bytes | None]) -> None:
        kept = [(name, encoded) for name, encoded in values.items() if encoded is not None]
        deleted = [name for name, encoded in values.items() if encoded is None]
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                self._database.executemany("INSERT OR REPLACE INTO value (name, json) VALUES (?, ?)", kept)
                self._database.executemany("DELETE FROM value WHERE name = ?", [(name,) for name in deleted])
                self._database.execute("COMMIT")
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._values.update(kept)
            for name in deleted:
                self._values.pop(name, None)
