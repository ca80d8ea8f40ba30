"""The torrents that both sides get."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tools.rig import bencode, payload
from tools.rig.tracker import Tracker

PIECE: Final = 32 * 1024
REFUSAL: Final = "this torrent is not registered"
DEAD_TRACKER: Final = "http://127.0.0.1:9/announce"
WEB_SEED: Final = "http://127.0.0.1:9/files/"
UNICODE: Final = "Ünïcode 名前 [2024].mkv"
"""The file of a torrent."""
CREATED_S: Final = 1_700_000_000


@dataclass(frozen=True)
class Given:
    """One torrent.

    Fields:
        hash: the v1 info-hash, or the beginning of the v2 info-hash.
        best: the hash by which qBittorrent knows the torrent. qBittorrent prefers version 2.
        metainfo: the torrent file; empty for a magnet link.
        magnet: the link; empty for a file.
        data: the name of the torrent's data on disk. None if there is no data.
    """

    hash: str
    best: str
    metainfo: bytes = b""
    magnet: str = ""
    data: str | None = None


@dataclass(frozen=True)
class World:
    """All torrents by label, and the folder with their data."""

    torrents: dict[str, Given]
    folder: Path

    def put(self, downloads: Path) -> None:
        """Copies the data into a download directory."""
        shutil.copytree(self.folder, downloads, dirs_exist_ok=True)


def make(root: Path, working: Tracker, refusing: Tracker) -> World:
    """Makes the torrents.

    Args:
        working: a tracker that answers.
        refusing: a tracker that refuses each torrent.
    """
    refusing.refusal = REFUSAL
    source, folder = root / "source", root / "data"
    folder.mkdir(parents=True)
    torrents: dict[str, Given] = {}

    def add(
        label: str,
        name: str,
        files: dict[str, int],
        *,
        have: float,
        version: str = "v1",
        tiers: tuple[tuple[str, ...], ...] = (),
        info: dict[bytes, Any] | None = None,
        more: dict[bytes, Any] | None = None,
    ) -> None:
        made = payload.make(source, name, files, piece_size=PIECE, version=version)
        metainfo: Any = bencode.decode(made.metainfo)
        metainfo |= {b"creation date": CREATED_S, b"created by": b"the makers", b"comment": b"a comment"}
        if tiers:
            metainfo[b"announce"] = tiers[0][0].encode()
            metainfo[b"announce-list"] = [[url.encode() for url in tier] for tier in tiers]
        metainfo[b"info"] |= info or {}
        metainfo |= more or {}
        encoded = bencode.encode(metainfo)
        found, best = payload.hash_of(encoded)[:40], payload.best_hash_of(encoded)
        torrents[label] = Given(found, best, encoded, data=name if have else None)
        if have:
            _copy(source / name, folder / name, have)

    announce = working.http
    add("single", "single.bin", {"": 10 * PIECE + 77}, have=1, tiers=((announce,),))
    add(
        "folder",
        "folder",
        {"b.bin": 3 * PIECE, "a/Ünïcode 名前.txt": 1234, "a/c d & e.bin": 5 * PIECE + 1, "z.nfo": 9},
        have=0.5,
        tiers=((announce, DEAD_TRACKER), (working.udp.replace("127.0.0.1", "localhost"),)),
    )
    add("empty", "empty folder", {"one.bin": 2 * PIECE, "two.bin": 7 * PIECE}, have=0)
    add("private", "private.bin", {"": 4 * PIECE}, have=0, tiers=((refusing.http,),), info={b"private": 1})
    add("seeded", "webseed.bin", {"": 6 * PIECE}, have=0, more={b"url-list": [WEB_SEED.encode()]})
    add("unicode", UNICODE, {"": 8 * PIECE}, have=1, tiers=((DEAD_TRACKER,),))
    add("options", "options", {"x.bin": 3 * PIECE, "y.bin": 3 * PIECE}, have=1, tiers=((announce,),))
    add("stopped", "stopped", {"s.bin": 2 * PIECE, "sub/t.bin": PIECE}, have=0)
    magnet = "c0ffee" + "1" * 34
    link = f"magnet:?xt=urn:btih:{magnet}&dn=A+magnet+link&tr={DEAD_TRACKER}"
    torrents["magnet"] = Given(magnet, magnet, magnet=link)
    add("hybrid", "hybrid", {"h.bin": 3 * PIECE + 5, "i.bin": 2 * PIECE}, have=1, version="hybrid")
    add("second", "second version.bin", {"": 5 * PIECE}, have=1, version="v2")
    return World(torrents, folder)


def _copy(source: Path, target: Path, have: float) -> None:
    """Copies only the first part of each file."""
    for file in source.rglob("*") if source.is_dir() else [source]:
        if file.is_file():
            path = target / file.relative_to(source) if source.is_dir() else target
            path.parent.mkdir(parents=True, exist_ok=True)
            data = file.read_bytes()
            path.write_bytes(data[: int(len(data) * have)])
