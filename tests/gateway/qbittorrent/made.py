"""Torrents that tests make up."""

from typing import Any

from gateway.mirror.mirror import Mirror
from gateway.mirror.torrent import Facts, Torrent
from protocol.wire.rows import TorrentRow, TorrentState

NOW_US = 1_800_000_000_000_000


def hash_of(number: int) -> str:
    """An info-hash."""
    return f"{number:040x}"


def row(number: int = 1, **members: Any) -> TorrentRow:
    """A complete torrent of one folder."""
    info_hash = hash_of(number)
    made: dict[str, Any] = {
        "torrent": info_hash,
        "name": f"shown {number}",
        "state": TorrentState.SEEDING,
        "progress": 1.0,
        "bytes_done": 1000,
        "bytes_total": 1000,
        "size": 2000,
        "downloaded": 1000,
        "uploaded": 500,
        "wasted": 0,
        "download_bps": 0,
        "upload_bps": 0,
        "peers": 0,
        "seeds": 0,
        "save_path": "/data",
        "labels": [],
        "paused": False,
        "sequential": False,
        "download_limit_bps": 0,
        "upload_limit_bps": 0,
        "error": None,
        "added_us": NOW_US - 10_000_000,
        "age_ms": 0,
        "info_hash_v1": info_hash,
        "ratio": 0.5,
        "content": f"disk{number}",
    }
    return TorrentRow(**made | members)


def torrent(number: int = 1, facts: Facts | None = None, **members: Any) -> Torrent:
    """A torrent that was read just now."""
    made = Torrent(row(number, **members), 0, NOW_US)
    made.facts = facts or Facts(pieces=4, piece_length=512, files=2, private=False)
    return made


class FakeMirror(Mirror):
    """A mirror with made-up torrents."""

    def __init__(self, *torrents: Torrent) -> None:
        super().__init__()
        self.ready, self.away = True, False
        for each in torrents:
            self.add(each)

    def add(self, made: Torrent) -> None:
        """Adds a torrent."""
        self.torrents[made.row.torrent] = made
        self._put(made, made.row)

    def change(self, number: int = 1, **members: Any) -> None:
        """Replaces the row of a torrent."""
        found = self.torrents[hash_of(number)]
        self._put(found, row(number, **members))

    def drop(self, number: int) -> None:
        """Removes a torrent."""
        self._remove(hash_of(number))
