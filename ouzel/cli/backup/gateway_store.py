"""Copies the gateway's store into a backup, and puts it back.

The gateway has its store in memory while it runs. So the gateway has to be stopped for a restore. The restore locks the
gateway's directory, so that no gateway starts.
"""

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from ouzel.cli.backup.owner import acting_as_owner
from ouzel.cli.backup.replacing import free_name, write
from protocol.durable.durable import fsync_dir
from protocol.host import private_dir

LOCK: Final = "gateway.lock"
"""The file that the gateway locks."""

_VERSIONS: Final = slice(18, 20)
"""The bytes in the header that say whether SQLite uses a write-ahead log. A copy in memory cannot have a log."""
_PARTS: Final = ("-wal", "-shm")


class GatewayRuns(Exception):
    """The gateway runs, so its store cannot be replaced."""


class BadStore(Exception):
    """The file cannot be copied, or is not the store of a gateway. The message says why."""


def copy(file: Path) -> bytes | None:
    """Returns a consistent copy of the store, also while the gateway changes it. None if there is no store.

    Raises:
        BadStore: the store cannot be read.
    """
    try:
        with acting_as_owner(file.parent):
            try:
                file.lstat()  # the store of another user is an error, and not a store that is missing
            except FileNotFoundError:
                return None
            # Not read-only: SQLite then could not read a store that a killed gateway has left.
            address = f"{file.absolute().as_uri()}?mode=rw"
            with closing(sqlite3.connect(address, uri=True)) as store, closing(sqlite3.connect(":memory:")) as memory:
                store.backup(memory)
                content = bytearray(memory.serialize())
    except (sqlite3.Error, OSError) as error:
        raise BadStore(f"{file}: {_said(error)}") from None
    content[_VERSIONS] = b"\1\1"
    return bytes(content)


def check(content: bytes) -> None:
    """Raises BadStore if the content is not an intact SQLite file."""
    try:
        with closing(sqlite3.connect(":memory:")) as memory:
            memory.deserialize(content)
            [[found]] = memory.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.Error as error:
        raise BadStore(str(error)) from None
    if found != "ok":
        raise BadStore(str(found))


@contextlib.contextmanager
def stopped(file: Path) -> Iterator[None]:
    """Keeps the gateway from starting during the context. Makes the gateway's directory if it does not exist.

    Raises:
        GatewayRuns: the gateway runs.
        OSError: the directory cannot be used.
    """
    with acting_as_owner(file.parent):
        private_dir.prepare(file.parent)
        lock = os.open(file.parent / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise GatewayRuns(f"{file.parent} is in use by ouzel-gateway") from None
        yield
    finally:
        os.close(lock)


def replace(file: Path, content: bytes) -> Path | None:
    """Replaces the store in one step. The gateway has to be stopped.

    Returns the path at which the former store is kept. None if there was no former store, or if it had the same
    content.

    If the function raises OSError, the store is unchanged.
    """
    with acting_as_owner(file.parent):
        kept = None
        if os.path.lexists(file):
            _close_log(file)
            if not _has_log(file) and file.read_bytes() == content:
                return None
            kept = _keep(file)
        write(file, content, 0o600)
        return kept


def _close_log(file: Path) -> None:
    """Writes the content of the write-ahead log to the file. SQLite then deletes the log."""
    with contextlib.suppress(sqlite3.Error), closing(sqlite3.connect(file)) as store:
        store.execute("PRAGMA journal_mode=DELETE").fetchall()


def _has_log(file: Path) -> bool:
    return any(Path(f"{file}{part}").exists() for part in _PARTS)


def _keep(file: Path) -> Path:
    """Gives the former store a second name. A damaged store may have a log.

    The log is renamed at once. Otherwise SQLite would apply the log to the new store.
    """
    kept = free_name(file)
    for part in _PARTS:
        with contextlib.suppress(FileNotFoundError):
            Path(f"{file}{part}").rename(f"{kept}{part}")
    os.link(file, kept)
    fsync_dir(file.parent)
    return kept


def _said(error: sqlite3.Error | OSError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
