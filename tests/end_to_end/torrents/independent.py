"""The hashes of a payload (BEP 3, BEP 52), computed by hashlib alone, independently of libtorrent."""

import hashlib
from pathlib import Path
from typing import Any

from tools.rig.bencode import Bencodable

BLOCK = 16 * 1024


def v1_pieces(contents: list[bytes], length: int, *, padded: bool = False) -> bytes:
    """The SHA-1 hashes of all pieces; with `padded`, each file but the last is filled with zeros to whole pieces."""
    whole = b""
    for index, content in enumerate(contents):
        whole += content
        if padded and index < len(contents) - 1:
            whole += bytes(-len(content) % length)
    return b"".join(hashlib.sha1(whole[at : at + length]).digest() for at in range(0, len(whole), length))


def root_of(leaves: list[bytes], filler: bytes) -> bytes:
    """The merkle root of hashes, of which there are filled up to be a power of two."""
    nodes = leaves + [filler] * ((1 << (len(leaves) - 1).bit_length()) - len(leaves))
    while len(nodes) > 1:
        nodes = [hashlib.sha256(nodes[at] + nodes[at + 1]).digest() for at in range(0, len(nodes), 2)]
    return nodes[0]


def v2_file(content: bytes, length: int) -> tuple[bytes, bytes]:
    """The merkle root of a file, and its piece layer, which is empty if the file has one piece."""
    leaves = [hashlib.sha256(content[at : at + BLOCK]).digest() for at in range(0, len(content), BLOCK)]
    zero = bytes(32)
    per_piece = length // BLOCK
    if len(content) <= length:
        return root_of(leaves, zero), b""
    layer = []
    for at in range(0, len(leaves), per_piece):
        part = leaves[at : at + per_piece]
        layer.append(root_of(part + [zero] * (per_piece - len(part)), zero))
    return root_of(layer, root_of([zero] * per_piece, zero)), b"".join(layer)


def v2_tree(files: dict[str, bytes], length: int) -> tuple[dict[bytes, Bencodable], dict[bytes, bytes]]:
    """The file tree of files by path, and the piece layers by merkle root."""
    tree: dict[bytes, Any] = {}
    layers: dict[bytes, bytes] = {}
    for path, content in files.items():
        node = tree
        for part in path.encode().split(b"/"):
            node = node.setdefault(part, {})
        leaf: dict[bytes, Bencodable] = {b"length": len(content)}
        if content:
            root, layer = v2_file(content, length)
            leaf[b"pieces root"] = root
            if layer:
                layers[root] = layer
        node[b""] = leaf
    return tree, layers


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a folder by path, in the order of a torrent."""
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return dict(sorted(found.items(), key=lambda item: item[0].encode().split(b"/")))
