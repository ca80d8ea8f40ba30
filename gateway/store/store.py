"""The SQLite file with the gateway's own state. A crash does not damage the file."""

import asyncio
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
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


VERSION: Final = 1
"""The version of the schema. It grows with a change that an earlier program would misread. See docs/adr/064."""


class NewerStore(Exception):
    """A newer version of Ouzel has written the file. The message says what to do."""

    def __init__(self, file: Path, found: int) -> None:
        super().__init__(
            f"{file} was written by a newer version of Ouzel in format {found}, and this version reads format "
            f"{VERSION} at most; nothing was changed; install that version again, or move the file away"
        )


def check_version(file: Path) -> None:
    """Raises NewerStore if a newer version has written the file. Changes nothing, and accepts a missing file.

    Raises sqlite3.Error if the file cannot be read.
    """
    if not file.exists():
        return
    # immutable: SQLite then makes no files beside this one.
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
        [found] = database.execute("PRAGMA user_version").fetchone()
    if found > VERSION:
        raise NewerStore(file, found)


class Store:
    """The open file. Writes are durable when they return. Reads are from memory.

    Args:
        file: the path of the file. If the file does not exist, it is made.

    Raises:
        NewerStore: a newer version has written the file.
        sqlite3.Error: the file cannot be opened, or is not a database.
    """

    def __init__(self, file: Path) -> None:
        check_version(file)
        self._lock = Lock()
        self._database = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        try:
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=FULL")
            self._database.executescript(SCHEMA)
            if self._database.execute("PRAGMA user_version").fetchone() != (VERSION,):
                self._database.execute(f"PRAGMA user_version = {VERSION}")
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

        If the file cannot be written, for example on a full disk, the numbers are only in memory. The next call writes
        them. So clients still see all torrents.
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
        """The number of a torrent. Raises KeyError if the torrent has no number."""
        return self._numbers[torrent]

    def torrent_of(self, number: int) -> str | None:
        """The id of the torrent with a number, even if the torrent was removed."""
        return self._ids.get(number)

    def get(self, name: str, default: Any = None) -> Any:
        """A value, decoded from JSON."""
        found = self._values.get(name)
        return default if found is None else msgspec.json.decode(found)

    def reread(self, name: str, default: Any = None) -> Any:
        """Reads a value from the file. Another process may have changed the value."""
        with self._lock:
            row = self._database.execute("SELECT json FROM value WHERE name = ?", (name,)).fetchone()
            if row is not None:
                self._values[name] = row[0]
            else:
                self._values.pop(name, None)
        return self.get(name, default)

    async def put(self, name: str, value: Any) -> None:
        """Stores a value. The value has to be representable in JSON."""
        await self.put_many({name: value})

    async def put_many(self, values: Mapping[str, Any]) -> None:
        """Stores several values in one transaction. None deletes a value."""
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
        """A transaction. It is durable when the block ends. After an error, nothing has changed."""
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:  # a full disk has ended it already
                    self._database.execute("ROLLBACK")
                raise
