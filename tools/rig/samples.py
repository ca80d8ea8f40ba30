"""Torrents for tests, made in memory, for libtorrent and for the fake session (v1, BEP 3)."""

import hashlib
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from protocol.wire.desired import DesiredTorrent
from tools.rig import bencode
from tools.rig.bencode import Bencodable

PIECE_LENGTH: Final = 16 * 1024


def noise(size: int, seed: int = 0) -> bytes:
    """Reproducible random-looking bytes."""
    return random.Random(seed).randbytes(size)


class SampleTorrent:
    """A torrent with given content.

    Args:
        name: the name of the root folder. With `single`, the name of the file.
        files: the content of each file by path below the root folder. With `single` there is one file, and any path.
        single: whether it is a single-file torrent. Such a torrent has no root folder.
        private: whether it is private (BEP 27).
    """

    def __init__(
        self,
        name: str,
        files: Mapping[str, bytes],
        *,
        piece_length: int = PIECE_LENGTH,
        single: bool = False,
        private: bool = False,
    ) -> None:
        self.name = name
        self.piece_length = piece_length
        self.contents = {name if single else f"{name}/{path}": content for path, content in files.items()}
        whole = b"".join(files.values())
        self.size = len(whole)
        hashes = b"".join(
            hashlib.sha1(whole[at : at + piece_length]).digest() for at in range(0, len(whole), piece_length)
        )
        info: dict[bytes, Bencodable] = {b"name": name.encode(), b"piece length": piece_length, b"pieces": hashes}
        if single:
            info[b"length"] = self.size
        else:
            info[b"files"] = [
                {b"length": len(content), b"path": [part.encode() for part in path.split("/")]}
                for path, content in files.items()
            ]
        if private:
            info[b"private"] = 1
        self.info = info
        self.torrent = hashlib.sha1(bencode.encode(info)).hexdigest()
        self.metainfo = self.metainfo_with({})
        self.magnet = f"magnet:?xt=urn:btih:{self.torrent}&dn={name}"

    def metainfo_with(self, extra: Mapping[bytes, Bencodable]) -> bytes:
        """The .torrent file with additional members outside of `info`. They do not change the torrent's id."""
        return bencode.encode({**extra, b"info": self.info})

    def write(self, save_path: Path) -> None:
        """Writes the files to their paths below a save path."""
        for path, content in self.contents.items():
            file = save_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)

    def desired(self, save_path: Path | str = "/nowhere", **fields: Any) -> DesiredTorrent:
        """The desired state of this torrent, added by its .torrent file or, with `by_magnet`, by its magnet link."""
        if fields.pop("by_magnet", False):
            fields |= {"source": "magnet", "magnet": self.magnet}
        return DesiredTorrent(
            **{"torrent": self.torrent, "source": "metainfo", "save_path": str(save_path), "name": self.name} | fields
        )


def two_files(name: str = "sample") -> SampleTorrent:
    """A torrent with two files of three pieces each. The files share no piece."""
    size = 3 * PIECE_LENGTH
    return SampleTorrent(name, {"a.bin": noise(size, 1), "b.txt": noise(size, 2)})
