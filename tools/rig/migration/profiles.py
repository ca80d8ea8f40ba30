"""Makes profiles of half-done torrents, in the form of qBittorrent 4.5.2 and Transmission 3.00.

The files have the same members as files that the real programs have written.
"""

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import libtorrent

from tools.rig import bencode
from tools.rig.bencode import Bencodable
from tools.rig.payload import Torrent

lt: Any = libtorrent  # the type stubs lack what the binding accepts

BLOCK: Final = 16 * 1024
ADDED_S: Final = 1_700_000_000


class Held(NamedTuple):
    """A torrent of a profile.

    Fields:
        place: the torrent's save path.
        pieces: the torrent's complete pieces.
        blocks: the blocks of incomplete pieces that the torrent has.
        suffix: the suffix of the names of incomplete files on disk.
    """

    made: Torrent
    place: Path
    pieces: Collection[int]
    blocks: Mapping[int, Collection[int]] = {}
    suffix: str = ""

    def missing(self) -> int:
        """The bytes that the torrent lacks."""
        info = lt.load_torrent_buffer(self.made.metainfo).ti
        held = sum(info.piece_size(piece) for piece in self.pieces)
        return int(info.total_size() - held - sum(BLOCK * len(blocks) for blocks in self.blocks.values()))


def lay_down(held: Held) -> None:
    """Writes the data of a torrent below its save path. Missing data is a hole."""
    info = lt.load_torrent_buffer(held.made.metainfo).ti
    storage, length = info.layout(), info.piece_length()
    spans = [(piece * length, piece * length + info.piece_size(piece)) for piece in held.pieces]
    spans += [
        (piece * length + block * BLOCK, piece * length + (block + 1) * BLOCK)
        for piece, blocks in held.blocks.items()
        for block in blocks
    ]
    for index in range(storage.num_files()):
        offset, size, path = storage.file_offset(index), storage.file_size(index), storage.file_path(index)
        there = held.place / _stored(held, storage, index)
        there.parent.mkdir(parents=True, exist_ok=True)
        with (held.made.root / path).open("rb") as source, there.open("wb") as file:
            file.truncate(size)
            for start, end in spans:
                begin, end = max(start, offset) - offset, min(end, offset + size) - offset
                if begin < end:
                    source.seek(begin)
                    file.seek(begin)
                    file.write(source.read(end - begin))


def _stored(held: Held, storage: Any, index: int) -> str:
    first, last = storage.file_offset(index), storage.file_offset(index) + storage.file_size(index) - 1
    length = storage.piece_length()
    complete = all(piece in held.pieces for piece in range(first // length, last // length + 1))
    return f"{storage.file_path(index)}{'' if complete else held.suffix}"


def _paths(held: Held) -> list[Bencodable]:
    storage = lt.load_torrent_buffer(held.made.metainfo).ti.layout()
    return [_stored(held, storage, index).encode() for index in range(storage.num_files())]


def _mask(bits: Collection[int], number: int) -> bytes:
    mask = bytearray(-(-number // 8))
    for bit in bits:
        mask[bit // 8] |= 0x80 >> bit % 8
    return bytes(mask)


# -- qBittorrent ------------------------------------------------------------------------------------------------------


def qbittorrent(directory: Path, torrents: Sequence[Held], *, database: bool = False) -> None:
    """Writes `data/BT_backup`, or `data/torrents.db`. The torrents are paused, in a category, and have limits."""
    config, data = directory / "qBittorrent/config", directory / "qBittorrent/data"
    config.mkdir(parents=True)
    (data / "BT_backup").mkdir(parents=True)
    (config / "categories.json").write_text('{"films": {"save_path": "/films"}}')
    for held in torrents:
        resume = _qbittorrent_resume(held)
        if database:
            own = {key: value for key, value in resume.items() if not key.startswith(b"qBt-")}
            _into_database(data / "torrents.db", held, bencode.encode(own))
            continue
        start = data / "BT_backup" / held.made.torrent
        start.with_suffix(".fastresume").write_bytes(bencode.encode(resume))
        start.with_suffix(".torrent").write_bytes(held.made.metainfo)


def _qbittorrent_resume(held: Held) -> dict[bytes, Bencodable]:
    info = lt.load_torrent_buffer(held.made.metainfo).ti
    place = str(held.place).encode()
    resume: dict[bytes, Bencodable] = {
        b"active_time": 11,
        b"added_time": ADDED_S,
        b"auto_managed": 0,
        b"download_rate_limit": 4_000_000,
        b"file-format": b"libtorrent resume file",
        b"file-version": 1,
        b"file_priority": list[Bencodable]([6] + [1] * (info.num_files() - 1)),
        b"info-hash": bytes.fromhex(held.made.torrent),
        b"info-hash2": bytes(32),
        b"libtorrent-version": b"2.0.8.0",
        b"max_connections": 100,
        b"max_uploads": 4,
        b"name": held.made.name.encode(),
        b"paused": 1,
        b"piece_priority": b"\6" * info.num_pieces(),
        b"pieces": bytes(piece in held.pieces for piece in range(info.num_pieces())),
        b"qBt-category": b"films",
        b"qBt-contentLayout": b"Original",
        b"qBt-downloadPath": b"",
        b"qBt-firstLastPiecePriority": 0,
        b"qBt-name": b"",
        b"qBt-ratioLimit": 1500,
        b"qBt-savePath": place,
        b"qBt-seedStatus": 0,
        b"qBt-seedingTimeLimit": 60,
        b"qBt-stopCondition": b"None",
        b"qBt-tags": [b"x", b"y"],
        b"save_path": place,
        b"sequential_download": 0,
        b"total_downloaded": 3_111_742,
        b"total_uploaded": 77,
        b"trackers": [],
        b"upload_rate_limit": 50_000,
        b"url-list": [],
    }
    if held.blocks:
        resume[b"unfinished"] = [
            {b"bitmask": _mask(blocks, -(-info.piece_size(piece) // BLOCK)), b"piece": piece}
            for piece, blocks in held.blocks.items()
        ]
    if held.suffix:
        resume[b"mapped_files"] = _paths(held)
    return resume


def _into_database(path: Path, held: Held, resume: bytes) -> None:
    database = sqlite3.connect(path)
    database.execute(
        "CREATE TABLE IF NOT EXISTS torrents (id INTEGER PRIMARY KEY, torrent_id BLOB NOT NULL UNIQUE,"
        " queue_position INTEGER NOT NULL DEFAULT -1, name TEXT, category TEXT, tags TEXT, target_save_path TEXT,"
        " download_path TEXT, content_layout TEXT NOT NULL, ratio_limit INTEGER NOT NULL,"
        " seeding_time_limit INTEGER NOT NULL, has_outer_pieces_priority INTEGER NOT NULL,"
        " has_seed_status INTEGER NOT NULL, operating_mode TEXT NOT NULL, stopped INTEGER NOT NULL,"
        " stop_condition TEXT NOT NULL DEFAULT 'None', libtorrent_resume_data BLOB NOT NULL, metadata BLOB)"
    )
    row = (held.made.torrent, "films", "x,y", str(held.place), resume, held.made.metainfo)
    database.execute(
        "INSERT INTO torrents VALUES (NULL, ?, 0, NULL, ?, ?, ?, NULL, 'Original', 1500, 60, 0, 0, 'AutoManaged', 1,"
        " 'None', ?, ?)",
        row,
    )
    database.commit()
    database.close()


# -- Transmission -----------------------------------------------------------------------------------------------------


def transmission(directory: Path, torrents: Sequence[Held], *, named: bool = False) -> None:
    """Writes `torrents` and `resume`. The torrents are paused, and have labels, goals and limits.

    Args:
        named: whether the files have names like `name.hash16`. Earlier versions used such names.
    """
    (directory / "torrents").mkdir(parents=True)
    (directory / "resume").mkdir()
    (directory / "settings.json").write_text('{"rename-partial-files": true}')
    for held in torrents:
        info = lt.load_torrent_buffer(held.made.metainfo).ti
        stem = f"{held.made.name}.{held.made.torrent[:16]}" if named else held.made.torrent
        (directory / "torrents" / f"{stem}.torrent").write_bytes(held.made.metainfo)
        ratio = info.piece_length() // BLOCK
        number = -(-info.total_size() // BLOCK)
        blocks = {piece * ratio + block for piece, some in held.blocks.items() for block in some}
        blocks |= {block for piece in held.pieces for block in range(piece * ratio, (piece + 1) * ratio)}
        blocks = {block for block in blocks if block < number}
        everything = len(blocks) == number
        files = info.num_files()
        progress: dict[bytes, Bencodable] = {
            b"blocks": b"all" if everything else _mask(blocks, number),
            b"time-checked": [ADDED_S] * files,
        }
        resume: dict[bytes, Bencodable] = {
            b"activity-date": 0,
            b"added-date": ADDED_S,
            b"bandwidth-priority": 0,
            b"corrupt": 0,
            b"destination": str(held.place).encode(),
            b"dnd": [0] * files,
            b"done-date": 0,
            b"downloaded": 3_111_742,
            b"downloading-time-seconds": 21,
            b"idle-limit": {b"idle-limit": 20, b"idle-mode": 1},
            b"labels": [b"films", b"x"],
            b"max-peers": 50,
            b"name": held.made.name.encode(),
            b"paused": 1,
            b"priority": list[Bencodable]([1] + [0] * (files - 1)),
            b"progress": progress | ({b"have": b"all"} if everything else {}),
            b"ratio-limit": {b"ratio-limit": b"1.500000", b"ratio-mode": 1},
            b"seeding-time-seconds": 0,
            b"speed-limit-down": {b"speed-Bps": 4_000_000, b"use-global-speed-limit": 1, b"use-speed-limit": 1},
            b"speed-limit-up": {b"speed-Bps": 50_000, b"use-global-speed-limit": 1, b"use-speed-limit": 1},
            b"uploaded": 77,
        }
        (directory / "resume" / f"{stem}.resume").write_bytes(bencode.encode(resume))
