"""Opens the store, and puts a damaged file aside."""

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import structlog

from gateway.store.store import Store

DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
PARTS: Final = ("", "-wal", "-shm")
"""What SQLite adds to the name of the file."""

log = structlog.get_logger()


@contextlib.contextmanager
def opened(file: Path) -> Iterator[Store]:
    """Opens the store until the end of the block.

    A damaged file is put aside, and a new file is begun. So clients can go on, and nothing is deleted.

    Raises:
        NewerStore: a newer version has written the file.
        sqlite3.Error: the file cannot be opened, although it is not damaged.
        OSError: a damaged file cannot be put aside.
    """
    try:
        store = Store(file)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF not in DAMAGED:
            raise
        aside = file.with_name(f"{file.name}.damaged-{time.time_ns() // 1000}")
        log.error("store_damaged", problem=str(error), kept_as=str(aside), lost="API keys, a made password, ids, tags")
        for part in PARTS:
            with contextlib.suppress(FileNotFoundError):
                Path(f"{file}{part}").rename(f"{aside}{part}")
        store = Store(file)
    try:
        yield store
    finally:
        store.close()
