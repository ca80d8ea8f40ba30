"""The original paths of files in the info dictionary, which libtorrent sanitizes for a file system. Pure.

The info dictionary has a list of files (BEP 3) or a tree of files (BEP 52). The order of the tree's keys is the order
of the files. A file in the list has a `path`, and often a `path.utf-8`, which takes precedence. If the info dictionary
has both a list and a tree, libtorrent uses the tree and inserts padding itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

LONGEST: Final = 512
"""The maximum length of a path. A longer path is cut, and ends in an ellipsis.

File systems accept only a few hundred characters.
"""

_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"


def own_paths(info: Any, padding: Sequence[bool]) -> list[str] | None:
    """The path of each file, with the root folder; None if the info dictionary lacks some paths.

    Args:
        info: the info dictionary, decoded.
        padding: for each of libtorrent's files, whether it is padding. The path of padding is empty.
    """
    if not isinstance(info, dict):
        return None
    name = _text(info.get(b"name.utf-8", info.get(b"name", b"")))
    if isinstance(tree := info.get(b"file tree"), dict):
        leaves = ["/".join(path) for path in _leaves(tree)]
        if len(leaves) != padding.count(False):
            return None
        files = iter([name] if leaves == [name] else [f"{name}/{path}" for path in leaves])
        return ["" if pad else _cut(next(files)) for pad in padding]
    listed = info.get(b"files")
    if not isinstance(listed, list):
        return [_cut(name)] if len(padding) == 1 else None
    paths = [_joined(file) for file in listed]
    return None if len(paths) != len(padding) else [_cut(f"{name}/{path}") for path in paths]


def differing(shown: Mapping[int, str], own: Sequence[str] | None) -> dict[str, str]:
    """Returns, by file index, the paths in the torrent that differ from the shown paths."""
    if own is None:
        return {}
    return {str(index): own[index] for index, path in shown.items() if own[index] != path}


def _joined(file: Any) -> str:
    path = file.get(b"path.utf-8", file.get(b"path")) if isinstance(file, dict) else None
    return "/".join(map(_text, path)) if isinstance(path, list) else _REPLACEMENT


def _leaves(tree: Mapping[bytes, Any]) -> Iterator[tuple[str, ...]]:
    """The paths of the files in a tree. libtorrent limits the tree's depth to less than Python's recursion limit."""
    for name, below in tree.items():
        if not isinstance(below, dict):
            continue
        if b"" in below:
            yield (_text(name),)
        else:
            for path in _leaves(below):
                yield (_text(name), *path)


def _text(name: Any) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else _REPLACEMENT


def _cut(path: str) -> str:
    return path if len(path) <= LONGEST else path[: LONGEST - 1] + "\N{HORIZONTAL ELLIPSIS}"
