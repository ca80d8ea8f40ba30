"""Payloads with their torrents."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import libtorrent

lt: Any = libtorrent  # the type stubs lack what the binding accepts

MIB: Final = 1024 * 1024
_CHUNK: Final = 4 * MIB


class Torrent(NamedTuple):
    """A torrent. Its data is at `root / name`.

    Fields:
        torrent: Ouzel's id for the torrent.
        metainfo: the content of the .torrent file.
        size: the size of all files in bytes.
    """

    torrent: str
    name: str
    metainfo: bytes
    root: Path
    size: int

    @property
    def magnet(self) -> str:
        """A magnet link without trackers. Peers have to be added."""
        topic = f"urn:btih:{self.torrent}" if len(self.torrent) == 40 else f"urn:btmh:1220{self.torrent}"
        return f"magnet:?xt={topic}"


def make(
    root: Path,
    name: str,
    files: Mapping[str, int],
    *,
    piece_size: int = 256 * 1024,
    version: str = "v1",
    tracker: str = "",
) -> Torrent:
    """Writes random files, and makes their torrent.

    Args:
        files: the sizes in bytes by path below `name`. If the path is "", `name` itself is the only file.
        version: v1, v2 or hybrid.
        tracker: the announce URL. By default there is none.
    """
    for path, size in files.items():
        _write(root / name / path if path else root / name, size)
    flags = {"v1": lt.create_torrent.v1_only, "v2": lt.create_torrent.v2_only, "hybrid": 0}[version]
    creator = lt.create_torrent(lt.list_files(str(root / name)), piece_size, flags)
    if tracker:
        creator.add_tracker(tracker)
    lt.set_piece_hashes(creator, str(root), lambda piece: None)
    metainfo = lt.bencode(creator.generate())
    return Torrent(hash_of(metainfo), name, metainfo, root, sum(files.values()))


def hash_of(metainfo: bytes) -> str:
    """Ouzel's id for a torrent file: its v1 info-hash. For a torrent with only a v2 info-hash, the v2 info-hash."""
    hashes = lt.load_torrent_buffer(metainfo).info_hashes
    return str(hashes.v1 if hashes.has_v1() else hashes.v2)


def best_hash_of(metainfo: bytes) -> str:
    """The beginning of a torrent file's v2 info-hash. Without a v2 info-hash, the v1 info-hash."""
    return str(lt.load_torrent_buffer(metainfo).info_hashes.get_best())


def sha1(path: Path) -> str:
    """The SHA-1 of a file, or of all files in a directory, sorted by path."""
    digest = hashlib.sha1(usedforsecurity=False)
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            with file.open("rb") as stream:
                while chunk := stream.read(_CHUNK):
                    digest.update(chunk)
    return digest.hexdigest()


def _write(path: Path, size: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        for start in range(0, size, _CHUNK):
            stream.write(os.urandom(min(_CHUNK, size - start)))
