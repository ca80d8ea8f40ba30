"""Reads the content of a backup or of a resume directory, so that both can be compared."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from ouzel.cli.backup.archive import RESUME_DIR, STORE, ArchiveReader, Unusable
from ouzel.cli.backup.snapshot import is_record
from protocol.durable.integrity import Damaged, decode_record
from protocol.wire.desired import DesiredTorrent


class Content(NamedTuple):
    """A backup or a resume directory.

    Fields:
        limits: the download limit of each torrent.
        stored: the number in the gateway's store. 0 if the store has no number.
    """

    limits: dict[str, int]
    stored: int


def of_archive(file: Path) -> Content | None:
    """The content of a backup. None if there is no file. Raises Unusable if the backup is not whole."""
    limits, stored = {}, 0
    try:
        with file.open("rb") as source:
            for member in ArchiveReader(source):
                name = member.name.removeprefix(RESUME_DIR)
                if is_record(name):
                    record = decode_record(member.content, DesiredTorrent)
                    limits[record.torrent] = record.download_bps
                elif member.name == STORE:
                    with closing(sqlite3.connect(":memory:")) as store:
                        store.deserialize(member.content)
                        stored = _number(store)
    except FileNotFoundError:
        return None
    except Damaged as error:
        raise Unusable(str(error)) from error
    return Content(limits, stored)


def of_directory(directory: Path, store: Path) -> Content:
    """The content of a resume directory without a daemon. Raises Damaged and OSError."""
    records = [path for path in directory.iterdir() if is_record(path.name)]
    found = [decode_record(path.read_bytes(), DesiredTorrent) for path in records]
    stored = 0
    if store.exists():
        with closing(sqlite3.connect(store)) as opened:
            stored = _number(opened)
    return Content({record.torrent: record.download_bps for record in found}, stored)


def _number(store: sqlite3.Connection) -> int:
    row = store.execute("SELECT json FROM value WHERE name = 'number'").fetchone()
    return 0 if row is None else int(row[0])
