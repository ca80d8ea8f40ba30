"""Makes hostile torrents from raw bytes: with names such as `..`, colliding or non-text names, and symbolic links."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tools.rig import bencode
from tools.rig.bencode import Bencodable

PIECE_LENGTH: Final = 16 * 1024
"""The piece length. No file is longer. So in v2 a file's hash is its whole merkle tree (BEP 52)."""


class Entry(NamedTuple):
    """A file of a torrent.

    Fields:
        path: the components of its path below the root folder.
        attributes: as in BEP 47: `p` for padding, `l` for a symbolic link to `target`.
        in_utf8: the file's `path.utf-8`. It replaces `path`. Only v1 torrents have it.
    """

    path: Sequence[bytes]
    content: bytes = b""
    attributes: bytes = b""
    target: Sequence[bytes] | bytes | None = None
    in_utf8: Sequence[bytes] | None = None


def link(*path: bytes, to: Sequence[bytes] | bytes) -> Entry:
    """Makes the entry of a symbolic link (BEP 47)."""
    return Entry(path, attributes=b"l", target=to)


class Hostile(NamedTuple):
    """A torrent: its id and its metainfo."""

    torrent: str
    metainfo: bytes

    @property
    def magnet(self) -> str:
        """A magnet link without trackers. Peers have to be added."""
        topic = f"urn:btih:{self.torrent}" if len(self.torrent) == 40 else f"urn:btmh:1220{self.torrent}"
        return f"magnet:?xt={topic}"


def v1(name: bytes, entries: Sequence[Entry], **more: Bencodable) -> Hostile:
    """A v1 torrent in the form for several files (BEP 3). It may have any number of files.

    `more` is added to the info dictionary.
    """
    return _hostile({**_info(name, more), **_v1_keys(entries)})


def v1_single(name: bytes, content: bytes, **more: Bencodable) -> Hostile:
    """A v1 torrent in the form for a single file. This form has no root folder."""
    return _hostile({**_info(name, more), b"length": len(content), b"pieces": _hashes(content)})


def v2(name: bytes, entries: Sequence[Entry]) -> Hostile:
    """A v2 torrent (BEP 52)."""
    return _hostile({**_info(name, {}), **_v2_keys(entries)})


def hybrid(name: bytes, entries: Sequence[Entry]) -> Hostile:
    """A hybrid torrent. There is no padding, so every file has to be empty or exactly one piece long."""
    in_order = sorted(entries, key=lambda entry: tuple(entry.path))
    return _hostile({**_info(name, {}), **_v1_keys(in_order), **_v2_keys(in_order)})


def _info(name: bytes, more: Mapping[str, Bencodable]) -> dict[bytes, Bencodable]:
    return {b"name": name, b"piece length": PIECE_LENGTH, **{key.encode(): value for key, value in more.items()}}


def _v1_keys(entries: Sequence[Entry]) -> dict[bytes, Bencodable]:
    files: list[Bencodable] = [
        {b"length": len(entry.content), b"path": list(entry.path), **_attributes(entry)} for entry in entries
    ]
    return {b"files": files, b"pieces": _hashes(b"".join(entry.content for entry in entries))}


def _v2_keys(entries: Sequence[Entry]) -> dict[bytes, Bencodable]:
    tree: dict[bytes, Bencodable] = {}
    for entry in entries:
        node = tree
        for name in entry.path:
            below = node.setdefault(name, {})
            assert isinstance(below, dict)
            node = below
        file: dict[bytes, Bencodable] = {b"length": len(entry.content), **_attributes(entry)}
        if entry.content:
            file[b"pieces root"] = hashlib.sha256(entry.content).digest()
        node[b""] = file
    return {b"file tree": tree, b"meta version": 2}


def _attributes(entry: Entry) -> dict[bytes, Bencodable]:
    found: dict[bytes, Bencodable] = {}
    if entry.attributes:
        found[b"attr"] = entry.attributes
    if entry.in_utf8 is not None:
        found[b"path.utf-8"] = list(entry.in_utf8)
    if entry.target is not None:
        found[b"symlink path"] = entry.target if isinstance(entry.target, bytes) else list(entry.target)
    return found


def _hashes(content: bytes) -> bytes:
    starts = range(0, len(content), PIECE_LENGTH)
    return b"".join(hashlib.sha1(content[at : at + PIECE_LENGTH]).digest() for at in starts)


def _hostile(info: dict[bytes, Bencodable]) -> Hostile:
    encoded = bencode.encode(info)
    torrent = hashlib.sha1(encoded) if b"pieces" in info else hashlib.sha256(encoded)
    metainfo: dict[bytes, Bencodable] = {b"info": info}
    if b"file tree" in info:
        metainfo[b"piece layers"] = {}
    return Hostile(torrent.hexdigest(), bencode.encode(metainfo))


def tree(directory: Path) -> dict[str, bytes | str]:
    """The content of a directory by path: the bytes of files, the targets of links, and `/` for directories."""
    found: dict[str, bytes | str] = {}
    for path in sorted(directory.rglob("*")):
        name = str(path.relative_to(directory))
        if path.is_symlink():
            found[name] = str(path.readlink())
        else:
            found[name] = "/" if path.is_dir() else path.read_bytes()
    return found
